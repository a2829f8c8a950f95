//! A site in network namespaces: a client, two directors that share addresses, two web servers, and
//! a switch between them.

use core::net::{Ipv4Addr, SocketAddr};
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::io::{self, BufRead, BufReader, ErrorKind, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;

use super::clock;
use super::daemon::{Daemon, PATIENCE, Program};
use super::directory::Directory;
use super::namespace::Namespace;
use super::tools::set_parameter;

/// The virtual address, with the virtual service on port 80.
pub const VIRTUAL: Ipv4Addr = Ipv4Addr::new(10, 80, 0, 10);

/// A namespace with an interface `dummy0`.
pub fn with_dummy() -> Namespace {
    let namespace = Namespace::new("dummy");
    namespace.ip("link add dummy0 type dummy
link set dummy0 up
");
    namespace
}

/// How a director forwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// The web servers are on a link of their own, behind the directors.
    Translation,
    /// The web servers have the virtual address too, and are on the client's link.
    DirectRouting,
}

/// The site, its directors not started.
#[derive(Debug)]
pub struct Site {
    method: Method,
    /// The namespace of both links; a director's ports are its name, and its name with a `b`.
    pub switch: Namespace,
    directory: Directory,
    /// On the link `front`.
    pub client: Client,
    /// On the link that the method says.
    pub web: [Namespace; 2],
}

impl Site {
    /// Wires up a site. There are links `front` and `back`; `front` has the client.
    pub fn new(method: Method, name: &str) -> Self {
        let switch = Namespace::new("switch");
        switch.add_bridge("front");
        switch.add_bridge("back");
        let site = Self {
            method,
            switch,
            directory: Directory::new(name),
            client: Client(Namespace::new("client")),
            web: ["web1", "web2"].map(Namespace::new),
        };
        site.plug(&site.client.0, "client", "front", "10.80.0.100/24");
        for (index, web) in site.web.iter().enumerate() {
            let port = format!("web{index}");
            let address = format!("{}/24", site.web_address(index));
            match method {
                Method::Translation => {
                    site.plug(web, &port, "back", &address);
                    web.ip("route add default via 10.81.0.10\n");
                }
                Method::DirectRouting => {
                    site.plug(web, &port, "front", &address);
                    set(web, "conf/all/arp_ignore", 1);
                    set(web, "conf/all/arp_announce", 2);
                    web.ip(&format!("address add {VIRTUAL}/32 dev lo\n"));
                }
            }
        }
        site
    }

    fn plug(&self, host: &Namespace, port: &str, link: &str, address: &str) {
        self.switch.plug(link, port, host, link);
        host.ip(&format!("address add {address} dev {link}"));
    }

    /// The address of a web server.
    pub fn web_address(&self, index: usize) -> Ipv4Addr {
        let host = 21 + u8::try_from(index).expect("two servers");
        match self.method {
            Method::Translation => Ipv4Addr::new(10, 81, 0, host),
            Method::DirectRouting => Ipv4Addr::new(10, 80, 0, host),
        }
    }

    /// Starts web server `index`, which answers with its name.
    pub fn serve(&self, index: usize) -> WebServer {
        let name = ["web1", "web2"][index];
        WebServer::start(&self.web[index], name)
    }

    /// Starts a director: the one with the higher priority is Active.
    pub fn direct(&self, name: &str, host: u8, priority: u8) -> Daemon {
        let namespace = self.seat(name, host);
        let directory = self.directory(name);
        let configuration = self.configuration(priority);
        Daemon::start(Program::HaDaemon, namespace, &directory, &configuration)
    }

    /// The place of a director, on both links.
    pub fn seat(&self, name: &str, host: u8) -> Namespace {
        let namespace = Namespace::new(name);
        self.plug(&namespace, name, "front", &format!("10.80.0.{host}/24"));
        let back = format!("{name}b");
        self.plug(&namespace, &back, "back", &format!("10.81.0.{host}/24"));
        set(&namespace, "ip_forward", 1);
        namespace
    }

    /// A new directory for files of a host.
    pub fn directory(&self, name: &str) -> PathBuf {
        self.directory.make(name)
    }

    fn configuration(&self, priority: u8) -> String {
        let kind = match self.method {
            Method::Translation => "NAT",
            Method::DirectRouting => "DR",
        };
        let real_servers = [0, 1].map(|index| {
            format!(
                "  real_server {} 80 {{
    TCP_CHECK {{
      connect_timeout 5
      retry 0
      warmup 0
    }}
  }}
",
                self.web_address(index)
            )
        });
        format!(
            "global_defs {{
  lvs_sync_daemon back VI_1
}}
vrrp_instance VI_1 {{
  state BACKUP
  interface front
  virtual_router_id 80
  priority {priority}
  advert_int 1
  virtual_ipaddress {{
    {VIRTUAL}/24 dev front
    10.81.0.10/24 dev back
  }}
}}
virtual_server {VIRTUAL} 80 {{
  delay_loop 1
  lb_algo rr
  lb_kind {kind}
  protocol TCP
{}}}
",
            real_servers.concat()
        )
    }
}

fn set(host: &Namespace, setting: &str, value: i32) {
    host.inside(|| set_parameter(&format!("ipv4/{setting}"), value));
}

/// Answers every line with its name; ends when dropped.
#[derive(Debug)]
pub struct WebServer {
    ends: Arc<AtomicBool>,
    thread: Option<thread::JoinHandle<()>>,
}

impl WebServer {
    fn start(host: &Namespace, name: &'static str) -> Self {
        let everywhere = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 80));
        let listener = host
            .inside(|| TcpListener::bind(everywhere))
            .expect("the port is free");
        listener.set_nonblocking(true).expect("a descriptor");
        let ends = Arc::new(AtomicBool::new(false));
        let ended = Arc::clone(&ends);
        let accept = move || {
            while !ended.load(Ordering::Relaxed) {
                match listener.accept() {
                    Ok((stream, _)) => drop(thread::spawn(move || converse(&stream, name))),
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {
                        clock::pause(Duration::from_millis(5));
                    }
                    // The client has given up.
                    Err(_) => {}
                }
            }
        };
        Self {
            ends,
            thread: Some(thread::spawn(accept)),
        }
    }
}

impl Drop for WebServer {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

fn converse(mut stream: &TcpStream, name: &str) {
    stream.set_nonblocking(false).expect("a descriptor");
    let lines = BufReader::new(stream).lines();
    for _ in lines.map_while(Result::ok) {
        if writeln!(stream, "{name}").is_err() {
            return;
        }
    }
}

/// Who uses the virtual service.
#[derive(Debug)]
pub struct Client(pub Namespace);

impl Client {
    /// A new connection, or why there is none.
    pub fn connect(&self) -> io::Result<Connection> {
        let service = SocketAddr::from((VIRTUAL, 80));
        let limit = Duration::from_secs(2);
        let stream = self
            .0
            .inside(|| TcpStream::connect_timeout(&service, limit))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Connection(BufReader::new(stream)))
    }

    /// Who answers on a connection of its own.
    pub fn request(&self) -> io::Result<String> {
        self.connect()?.ask()
    }

    /// Who answers `count` requests, one after the other.
    ///
    /// # Panics
    /// If one fails.
    pub fn requests(&self, count: usize) -> Vec<String> {
        (0..count)
            .map(|_| self.request().expect("an answer"))
            .collect()
    }
}

/// A connection to the virtual service.
#[derive(Debug)]
pub struct Connection(BufReader<TcpStream>);

impl Connection {
    /// Who answers.
    pub fn ask(&mut self) -> io::Result<String> {
        self.0.get_mut().write_all(b"?\n")?;
        let mut line = String::new();
        self.0.read_line(&mut line)?;
        Ok(line.trim_end().to_owned())
    }
}
