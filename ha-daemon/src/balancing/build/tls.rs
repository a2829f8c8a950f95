//! The TLS clients of `SSL_GET`.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;

use crate::config::TlsFiles;
use crate::health::tls::{Client, TlsError, TlsSettings};

/// What an encrypted key says of itself (RFC 7468 §11; RFC 1421 §4.6.1.1 for the older form).
const ENCRYPTED: [&[u8]; 2] = [b"BEGIN ENCRYPTED PRIVATE KEY", b"Proc-Type: 4,ENCRYPTED"];

/// A file of the `SSL` block cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsFileError {
    /// It cannot be read.
    #[error("cannot read {}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// It is not what it should be.
    #[error("cannot use {}", .path.display())]
    Use {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: TlsError,
    },
    /// TLS cannot be used, for no reason of the files'.
    #[error(transparent)]
    Client(#[from] TlsError),
    /// The key is encrypted: `password` has no effect.
    #[error("{} is encrypted; give the key without a password", .path.display())]
    Encrypted {
        /// The file.
        path: PathBuf,
    },
}

/// The octets of a file.
#[derive(Debug)]
struct File {
    path: PathBuf,
    octets: Vec<u8>,
}

impl File {
    fn read(path: &Path) -> Result<Self, TlsFileError> {
        let path = path.to_owned();
        match fs::read(&path) {
            Ok(octets) => Ok(Self { path, octets }),
            Err(source) => Err(TlsFileError::Read { path, source }),
        }
    }

    fn unusable(&self, source: TlsError) -> TlsFileError {
        let path = self.path.clone();
        TlsFileError::Use { path, source }
    }
}

/// The clients, one for all checkers that use TLS the same way.
#[derive(Debug, Default)]
pub(super) struct Clients {
    authorities: Option<File>,
    identity: Option<(File, File)>,
    /// By `enable_sni` and `tls_compliant`.
    made: BTreeMap<(bool, bool), Client>,
}

impl Clients {
    pub(super) fn read(files: &TlsFiles) -> Result<Self, TlsFileError> {
        let authorities = files.ca.as_deref().map(File::read).transpose()?;
        let identity = match (&files.certificate, &files.key) {
            (Some(certificate), Some(key)) => Some((File::read(certificate)?, File::read(key)?)),
            (None, None) => None,
            // That the one has no effect without the other is for `check` to say.
            (Some(_), None) | (None, Some(_)) => None,
        };
        let clients = Self {
            authorities,
            identity,
            made: BTreeMap::new(),
        };
        clients.check()?;
        Ok(clients)
    }

    /// Finds out which file it is that cannot be used.
    fn check(&self) -> Result<(), TlsFileError> {
        if let Some(file) = &self.authorities {
            let settings = TlsSettings {
                authorities: Some(&file.octets),
                ..TlsSettings::default()
            };
            Client::new(&settings).map_err(|error| file.unusable(error))?;
        }
        if let Some((certificate, key)) = &self.identity {
            check_key(key)?;
            let settings = TlsSettings {
                identity: Some((&certificate.octets, &key.octets)),
                ..TlsSettings::default()
            };
            Client::new(&settings).map_err(|error| certificate.unusable(error))?;
        }
        Ok(())
    }

    pub(super) fn client(&mut self, sni: bool, compliant: bool) -> Result<Client, TlsFileError> {
        if let Some(client) = self.made.get(&(sni, compliant)) {
            return Ok(client.clone());
        }
        let authorities = self.authorities.as_ref();
        let identity = self.identity.as_ref();
        let settings = TlsSettings {
            authorities: authorities.map(|file| file.octets.as_slice()),
            identity: identity.map(|(chain, key)| (chain.octets.as_slice(), key.octets.as_slice())),
            sni,
            compliant,
        };
        let client = Client::new(&settings)?;
        self.made.insert((sni, compliant), client.clone());
        Ok(client)
    }
}

fn check_key(key: &File) -> Result<(), TlsFileError> {
    let Err(error) = PrivateKeyDer::from_pem_slice(&key.octets) else {
        return Ok(());
    };
    let has = |mark: &[u8]| key.octets.windows(mark.len()).any(|part| part == mark);
    if ENCRYPTED.iter().any(|mark| has(mark)) {
        let path = key.path.clone();
        return Err(TlsFileError::Encrypted { path });
    }
    Err(key.unusable(TlsError::Pem(error)))
}
