//! The servers to be checked. They serve until their process ends.

use core::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::thread;

use rcgen::generate_simple_self_signed;
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::{ServerConfig, ServerConnection};

/// Serves every connection to `port`, one after the other, and reports the clients.
pub(crate) fn stream(
    port: u16,
    clients: &Sender<SocketAddr>,
    serve: impl Fn(TcpStream) -> std::io::Result<()> + Send + 'static,
) {
    let listener = TcpListener::bind((Ipv6Addr::UNSPECIFIED, port)).unwrap();
    let clients = clients.clone();
    thread::spawn(move || {
        while let Ok((stream, client)) = listener.accept() {
            // The test may be over, and a client gone before it is served.
            let _ = clients.send(client);
            drop(serve(stream));
        }
    });
}

/// Answers every datagram to `address` and `port` with what `answer` makes of it.
pub(crate) fn datagrams(
    address: &str,
    port: u16,
    clients: &Sender<SocketAddr>,
    answer: impl Fn(&[u8]) -> Vec<u8> + Send + 'static,
) {
    let address: IpAddr = address.parse().unwrap();
    let socket = UdpSocket::bind((address, port)).unwrap();
    let clients = clients.clone();
    thread::spawn(move || {
        let mut buffer = [0; 1500];
        while let Ok((length, client)) = socket.recv_from(&mut buffer) {
            // The test may be over.
            let _ = clients.send(client);
            // A muted server has no way back.
            drop(socket.send_to(&answer(&buffer[..length]), client));
        }
    });
}

fn hear_request(stream: &mut impl Read) -> std::io::Result<()> {
    let mut request = Vec::new();
    let mut buffer = [0; 512];
    while !request.ends_with(b"\r\n\r\n") {
        let length = stream.read(&mut buffer)?;
        if length == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        request.extend_from_slice(&buffer[..length]);
    }
    Ok(())
}

const PAGE: &[u8] = b"HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\nwell";

pub(crate) fn page(mut stream: TcpStream) -> std::io::Result<()> {
    hear_request(&mut stream)?;
    stream.write_all(PAGE)
}

/// The same page over TLS, with a certificate of its own.
pub(crate) fn secure_page() -> impl Fn(TcpStream) -> std::io::Result<()> + Send + 'static {
    let certified = generate_simple_self_signed(["example.org".to_owned()]).unwrap();
    let key = PrivatePkcs8KeyDer::from(certified.signing_key.serialize_der());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key.into());
    let config = Arc::new(config.unwrap());
    move |mut stream| {
        let mut connection = ServerConnection::new(Arc::clone(&config)).unwrap();
        let mut tls = rustls::Stream::new(&mut connection, &mut stream);
        hear_request(&mut tls)?;
        tls.write_all(PAGE)?;
        connection.send_close_notify();
        connection.complete_io(&mut stream).map(drop)
    }
}

pub(crate) fn mail(mut stream: TcpStream) -> std::io::Result<()> {
    let said = BufReader::new(stream.try_clone()?);
    stream.write_all(b"220 mail.example.org\r\n")?;
    for (line, reply) in said.lines().zip(["250 hello\r\n", "221 bye\r\n"]) {
        line?;
        stream.write_all(reply.as_bytes())?;
    }
    Ok(())
}

/// A response to a query: the same question, and a response code (RFC 1035 §4.1.1).
pub(crate) fn response(query: &[u8], code: u8) -> Vec<u8> {
    let mut response = query.to_vec();
    if let Some([flags, rest, ..]) = response.get_mut(2..) {
        *flags |= 0x80;
        *rest = code;
    }
    response
}
