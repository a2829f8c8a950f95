//! The tracked files of a balancer, and the checkers that read them.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::path::{Path, PathBuf};

use mio::event::Source as _;
use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};
use tracing::error;

use crate::health::file::FileWeight;
use crate::health::file::watch::FileWatch;
use crate::slab::Handle;

/// Files that are watched, each once however many checkers read it.
#[derive(Debug)]
pub(super) struct Files {
    /// `None` once its thread is lost.
    watch: Option<FileWatch>,
    token: Token,
    /// By the number that the watch gave to each.
    files: BTreeMap<u32, File>,
    numbers: HashMap<PathBuf, u32>,
}

#[derive(Debug)]
struct File {
    readers: Vec<(Handle, FileWeight)>,
    /// The last number read from it.
    value: Option<i64>,
}

impl Files {
    /// No file yet, of which `watch` reports with `token`.
    pub(super) fn new(watch: FileWatch, registry: &Registry, token: Token) -> io::Result<Self> {
        SourceFd(&watch.as_fd().as_raw_fd()).register(registry, token, Interest::READABLE)?;
        Ok(Self {
            watch: Some(watch),
            token,
            files: BTreeMap::new(),
            numbers: HashMap::new(),
        })
    }

    pub(super) fn owns(&self, token: Token) -> bool {
        token == self.token
    }

    /// A checker reads a file from now on; what is known of it.
    pub(super) fn add(&mut self, path: &Path, checker: Handle, weight: FileWeight) -> Option<i64> {
        let watch = self.watch.as_mut()?;
        let number = match self.numbers.get(path) {
            Some(number) => *number,
            None => {
                let number = watch.watch(path.to_owned());
                self.numbers.insert(path.to_owned(), number);
                number
            }
        };
        let file = self.files.entry(number).or_insert_with(|| File {
            readers: Vec::new(),
            value: None,
        });
        file.readers.push((checker, weight));
        file.value
    }

    /// The number in the file of a checker means something else from now on; what is known of it.
    pub(super) fn update(
        &mut self,
        path: &Path,
        checker: Handle,
        weight: FileWeight,
    ) -> Option<i64> {
        let file = self.files.get_mut(self.numbers.get(path)?)?;
        let mut readers = file.readers.iter_mut();
        readers.find(|(reader, _)| *reader == checker)?.1 = weight;
        file.value
    }

    /// A checker reads a file no more. The last one has it watched no longer.
    pub(super) fn remove(&mut self, path: &Path, checker: Handle) {
        let Some(number) = self.numbers.get(path).copied() else {
            return;
        };
        let Some(file) = self.files.get_mut(&number) else {
            return;
        };
        let place = file
            .readers
            .iter()
            .position(|(reader, _)| *reader == checker);
        if let Some(place) = place {
            file.readers.remove(place);
        }
        if file.readers.is_empty() {
            self.files.remove(&number);
            self.numbers.remove(path);
            if let Some(watch) = &mut self.watch {
                watch.forget(number);
            }
        }
    }

    /// The checkers whose file has changed since the last call, and its new number.
    pub(super) fn changes(&mut self) -> Vec<(Handle, FileWeight, i64)> {
        let mut changes = Vec::new();
        while let Some(watch) = &mut self.watch {
            match watch.next_change() {
                Ok(Some(change)) => {
                    // A report on its way may be of a file that is watched no longer.
                    if let Some(file) = self.files.get_mut(&change.file) {
                        file.value = Some(change.value);
                        let readers = file.readers.iter();
                        changes.extend(
                            readers.map(|(reader, weight)| (*reader, *weight, change.value)),
                        );
                    }
                }
                Ok(None) => break,
                Err(failure) => {
                    error!("tracked files are no longer read: {failure}");
                    self.watch = None;
                }
            }
        }
        changes
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.files.len()
    }

    /// All files have this number.
    #[cfg(test)]
    pub(super) fn assume(&mut self, value: i64) {
        for file in self.files.values_mut() {
            file.value = Some(value);
        }
    }
}
