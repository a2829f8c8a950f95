//! A web server with one page, which is its own name.

use core::convert::Infallible;
use core::net::Ipv4Addr;
use core::time::Duration;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};

use super::host::HostError;
use super::role::Role;

/// The port it serves.
pub(super) const PORT: u16 = 80;
/// How long a request may take to come, as nobody else is served meanwhile.
const PATIENCE: Duration = Duration::from_millis(200);
/// The most octets of a request.
const REQUEST_LEN: usize = 2048;

/// Serves until the process ends.
pub(super) fn run(role: Role) -> Result<Infallible, HostError> {
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, PORT)).map_err(HostError::Serve)?;
    let page = page(role);
    loop {
        // Whatever goes wrong between here and one visitor is that visitor's loss.
        if let Ok((stream, _)) = listener.accept() {
            drop(serve(stream, &page));
        }
    }
}

fn page(role: Role) -> String {
    let name = role.name();
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{name}\n",
        name.len() + 1
    )
}

fn serve(mut stream: TcpStream, page: &str) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut request = Vec::new();
    let mut octets = [0; 512];
    while !request.ends_with(b"\r\n\r\n") && request.len() < REQUEST_LEN {
        match stream.read(&mut octets)? {
            0 => return Ok(()),
            len => request.extend(octets.iter().take(len)),
        }
    }
    stream.write_all(page.as_bytes())
}

/// The web server whose page an answer is.
pub(super) fn author(answer: &[u8]) -> Option<Role> {
    [Role::WebA, Role::WebB]
        .into_iter()
        .find(|role| answer == page(*role).as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_names_its_author() {
        let page = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 6\r\n\
                    Connection: close\r\n\r\nweb-b\n";
        assert_eq!(author(page.as_bytes()), Some(Role::WebB));
        assert_eq!(
            author(&page.as_bytes()[..page.len() - 1]),
            None,
            "cut short"
        );
        assert_eq!(author(b""), None);
    }
}
