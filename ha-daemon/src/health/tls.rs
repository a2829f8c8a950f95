//! TLS as a layer beneath a dialogue.

mod verify;

use core::fmt;
use core::hash::{BuildHasher, BuildHasherDefault, Hash, Hasher};
use core::net::IpAddr;
use std::hash::DefaultHasher;
use std::io::{Read, Write};
use std::sync::Arc;

use rustls::client::{Resumption, VerifierBuilderError};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{AlertDescription, ClientConfig, ClientConnection, Error};

use self::verify::Unverified;
use super::attempt::{Dialogue, Failure, Outcome, Progress};
use super::slice::Slice;

/// Octets of plain text handed on at a time.
const PORTION: usize = 4096;

/// Why a dialogue over TLS did not come about.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TlsFailure {
    /// The handshake or a record failed, here or by an alert of the other side.
    #[error("TLS: {}{}", .0, Unspoken(.0))]
    Protocol(#[from] Error),
    /// The connection ended without a closing alert (RFC 8446 §6.1), which `tls_compliant` wants.
    #[error("TLS: connection closed without close_notify")]
    Truncated,
}

/// What a server may have wanted that ended a handshake so. OpenSSL, which keepalived uses, speaks more
/// than rustls does.
struct Unspoken<'e>(&'e Error);

impl fmt::Display for Unspoken<'_> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "other errors say enough")]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Error::AlertReceived(
                AlertDescription::HandshakeFailure | AlertDescription::InsufficientSecurity,
            )
            | Error::PeerIncompatible(_) => {
                "; the server may want what is not spoken here: RSA or DHE key exchange, CBC, a curve \
                 other than X25519, P-256 and P-384, or a certificate of the client's"
            }
            Error::AlertReceived(AlertDescription::ProtocolVersion) => {
                "; the server may want a version before TLS 1.2"
            }
            _ => "",
        })
    }
}

/// Checkers cannot use TLS so.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The text is no PEM, or holds nothing of what is sought; an encrypted key is not sought.
    #[error("cannot read PEM: {0}")]
    Pem(pem::Error),
    /// There is no certificate in the text.
    #[error("there is no certificate")]
    NoCertificate,
    /// A certificate or key is unusable, or they do not belong together.
    #[error(transparent)]
    Certificate(Error),
    /// The authorities are unusable.
    #[error(transparent)]
    Verifier(VerifierBuilderError),
    /// The cryptography does what no version of TLS needs.
    #[error(transparent)]
    Provider(Error),
    /// The name to be asked for is no DNS name.
    #[error("{0:?} cannot be a TLS server name")]
    ServerName(Box<str>),
}

/// What a [`Client`] is made of; the files of an `SSL` block as their octets.
#[derive(Clone, Copy, Debug, Default, Hash)]
pub struct TlsSettings<'a> {
    /// Certificates of authorities (PEM), one of which a server's certificate has to lead to. `None`:
    /// any certificate passes, as with keepalived, which reads `ca` and does not use it.
    pub authorities: Option<&'a [u8]>,
    /// The chain of certificates and the private key (PEM, not encrypted) to show if asked.
    pub identity: Option<(&'a [u8], &'a [u8])>,
    /// Whether to say which server is meant (`enable_sni`).
    pub sni: bool,
    /// Whether a connection has to end with a closing alert (`tls_compliant`).
    pub compliant: bool,
}

/// How checkers use TLS, versions 1.2 and 1.3. Cheap to clone; clones are equal, others are not.
///
/// Sessions are not resumed: every attempt tries a whole handshake.
#[derive(Clone)]
pub struct Client {
    config: Arc<ClientConfig>,
    compliant: bool,
    /// A digest of what it was made of.
    origin: u64,
}

impl Client {
    /// A client by `settings`.
    ///
    /// # Errors
    /// [`TlsError`], but for the server name.
    pub fn new(settings: &TlsSettings<'_>) -> Result<Self, TlsError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Provider)?;
        let builder = match settings.authorities {
            None => builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(Unverified)),
            Some(pem) => builder.with_webpki_verifier(verify::authorities(pem, &provider)?),
        };
        let mut config = match settings.identity {
            None => builder.with_no_client_auth(),
            Some((chain, key)) => {
                let chain = CertificateDer::pem_slice_iter(chain)
                    .collect::<Result<Vec<_>, _>>()
                    .map_err(TlsError::Pem)?;
                if chain.is_empty() {
                    return Err(TlsError::NoCertificate);
                }
                let key = PrivateKeyDer::from_pem_slice(key).map_err(TlsError::Pem)?;
                builder
                    .with_client_auth_cert(chain, key)
                    .map_err(TlsError::Certificate)?
            }
        };
        config.enable_sni = settings.sni;
        config.resumption = Resumption::disabled();
        Ok(Self {
            config: Arc::new(config),
            compliant: settings.compliant,
            origin: BuildHasherDefault::<DefaultHasher>::new().hash_one(settings),
        })
    }

    /// Whether another client was made of equal settings, as after the same files were read again.
    #[must_use]
    pub const fn is_same(&self, other: &Self) -> bool {
        self.origin == other.origin
    }

    /// The name to ask for: `name` without the port it may have, or the address.
    ///
    /// # Errors
    /// [`TlsError::ServerName`].
    pub fn server_name(
        name: Option<&str>,
        address: IpAddr,
    ) -> Result<ServerName<'static>, TlsError> {
        let Some(name) = name else {
            return Ok(Self::unnamed(address));
        };
        let host = match name.rsplit_once(':') {
            Some((host, port))
                if (!host.contains(':') || host.ends_with(']')) && port.parse::<u16>().is_ok() =>
            {
                host
            }
            Some(_) | None => name,
        };
        let bare = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'));
        ServerName::try_from(bare.unwrap_or(host).to_owned())
            .map_err(|_| TlsError::ServerName(name.into()))
    }

    /// The server at an address, without a server name.
    #[must_use]
    pub fn unnamed(address: IpAddr) -> ServerName<'static> {
        ServerName::IpAddress(address.into())
    }

    /// Puts TLS beneath `inner`. The certificate is verified against `name`, which is sent to the
    /// server (SNI) if so set.
    ///
    /// # Errors
    /// [`Failure::Tls`] if the cryptography has no randomness to give.
    pub fn wrap<D: Dialogue>(
        &self,
        inner: D,
        name: ServerName<'static>,
    ) -> Result<Tls<D>, Failure> {
        let mut connection =
            ClientConnection::new(Arc::clone(&self.config), name).map_err(TlsFailure::Protocol)?;
        // What is written is what the dialogue puts out at a time, and is taken out at once.
        connection.set_buffer_limit(None);
        Ok(Tls {
            connection,
            inner,
            begun: false,
            peer_closed: false,
            compliant: self.compliant,
        })
    }
}

impl PartialEq for Client {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.config, &other.config)
    }
}

impl Eq for Client {}

impl Hash for Client {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.config).hash(state);
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("sni", &self.config.enable_sni)
            .field("compliant", &self.compliant)
            .finish_non_exhaustive()
    }
}

/// A dialogue whose octets are enciphered. It is a dialogue itself: its octets are TLS records.
///
/// The inner one starts when the handshake is over. Beyond what rustls holds of unfinished records
/// (RFC 8446 §5.2: 16 KiB and a little) nothing is kept.
#[derive(Debug)]
pub struct Tls<D> {
    connection: ClientConnection,
    inner: D,
    /// Whether the inner dialogue has started.
    begun: bool,
    peer_closed: bool,
    compliant: bool,
}

impl<D: Dialogue> Tls<D> {
    fn read(&mut self, mut records: &[u8], out: &mut Vec<u8>) -> Result<Progress, TlsFailure> {
        let mut progress = Progress::Continue;
        while !records.is_empty() && !self.peer_closed {
            self.connection.read_tls(&mut records).map_err(refused)?;
            let state = self.connection.process_new_packets()?;
            self.peer_closed = state.peer_has_closed();
            if !self.begun && !self.connection.is_handshaking() {
                self.begun = true;
                let mut plain = Vec::new();
                progress = self.inner.start(&mut plain);
                self.say(&mut plain, out)?;
                if let Progress::Done(_) = progress {
                    return Ok(progress);
                }
            }
            self.flush(out)?;
            self.hand_on(&mut progress, out)?;
            if let Progress::Done(_) = progress {
                return Ok(progress);
            }
        }
        Ok(self.after(progress))
    }

    /// What becomes of the inner dialogue's `progress` when the other side has closed.
    fn after(&mut self, progress: Progress) -> Progress {
        match progress {
            Progress::Continue if self.peer_closed => Progress::Done(self.inner.closed()),
            Progress::Continue | Progress::Busy | Progress::Done(_) => progress,
        }
    }

    /// Gives the inner dialogue what has been deciphered; its progress is then that of the last.
    fn hand_on(&mut self, progress: &mut Progress, out: &mut Vec<u8>) -> Result<(), TlsFailure> {
        let mut portion = [0; PORTION];
        let mut plain = Vec::new();
        // An error says that there is nothing now, or no more.
        while let Ok(length) = self.connection.reader().read(&mut portion) {
            let octets = portion.get(..length).unwrap_or_default();
            if octets.is_empty() {
                break;
            }
            *progress = self.inner.receive(octets, &mut plain);
            self.say(&mut plain, out)?;
            if let Progress::Done(_) = progress {
                break;
            }
        }
        Ok(())
    }

    /// Enciphers what the inner dialogue has to say.
    fn say(&mut self, plain: &mut Vec<u8>, out: &mut Vec<u8>) -> Result<(), TlsFailure> {
        self.connection.writer().write_all(plain).map_err(refused)?;
        plain.clear();
        self.flush(out)
    }

    /// Tells the other side that a dialogue has come to its end.
    fn part(&mut self, result: Result<Progress, TlsFailure>, out: &mut Vec<u8>) -> Progress {
        let progress = match result {
            Ok(going_on @ (Progress::Continue | Progress::Busy)) => return going_on,
            Ok(done @ Progress::Done(_)) => {
                self.connection.send_close_notify();
                done
            }
            Err(failure) => Progress::Done(Err(failure.into())),
        };
        // An alert says why, or that this is the end. That it cannot be sent changes nothing.
        match self.flush(out) {
            Ok(()) | Err(_) => progress,
        }
    }

    fn flush(&mut self, out: &mut Vec<u8>) -> Result<(), TlsFailure> {
        while self.connection.wants_write() {
            self.connection.write_tls(out).map_err(refused)?;
        }
        Ok(())
    }
}

/// rustls reports by `io::Error` that its buffers are full, which they are not where they are emptied
/// after each portion.
fn refused(error: std::io::Error) -> TlsFailure {
    TlsFailure::Protocol(Error::General(error.to_string()))
}

impl<D: Dialogue> Dialogue for Tls<D> {
    fn start(&mut self, out: &mut Vec<u8>) -> Progress {
        match self.flush(out) {
            Ok(()) => Progress::Continue,
            Err(failure) => Progress::Done(Err(failure.into())),
        }
    }

    fn receive(&mut self, octets: &[u8], out: &mut Vec<u8>) -> Progress {
        let result = self.read(octets, out);
        self.part(result, out)
    }

    fn go_on(&mut self, out: &mut Vec<u8>, slice: &Slice) -> Progress {
        let mut plain = Vec::new();
        let progress = self.inner.go_on(&mut plain, slice);
        let said = self.say(&mut plain, out);
        let result = said.map(|()| self.after(progress));
        self.part(result, out)
    }

    fn closed(&mut self) -> Outcome {
        if !self.begun {
            return Err(Failure::Closed);
        }
        if self.compliant && !self.peer_closed {
            return Err(TlsFailure::Truncated.into());
        }
        self.inner.closed()
    }
}

#[cfg(test)]
mod tests;
