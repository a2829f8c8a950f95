//! `HTTP_GET` and `SSL_GET`.

use std::sync::Arc;

use crate::health::http::{HttpVersion, RequestText, Url};
use crate::health::settings::Connection;

/// Requests over a connection, and the answers that are good.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HttpCheck {
    /// Where.
    pub connection: Connection,
    /// `SSL_GET`.
    pub tls: Option<Tls>,
    /// `http_protocol`.
    pub version: HttpVersion,
    /// `url`, never empty: one attempt is about one of them. Equal ones are one, with one compiled
    /// `regex`.
    pub urls: Vec<Arc<Url>>,
}

impl HttpCheck {
    /// The name to ask the server for in the TLS handshake: `sni_name`, else with `enable_sni`
    /// the virtual host of the URL.
    #[must_use]
    pub fn server_name<'c>(&'c self, url: &'c Url) -> Option<&'c str> {
        let tls = self.tls.as_ref().filter(|tls| tls.enable_sni)?;
        let host = url.virtualhost.as_ref().map(RequestText::as_str);
        tls.name.as_deref().or(host)
    }
}

/// What is special to `SSL_GET`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Tls {
    /// `enable_sni`, or `sni_name` given.
    pub enable_sni: bool,
    /// `sni_name`.
    pub name: Option<String>,
    /// `tls_compliant`: a connection that ends without a closing alert is a failure.
    pub compliant: bool,
}
