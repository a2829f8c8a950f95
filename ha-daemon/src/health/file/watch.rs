//! The thread that reads tracked files when they change.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};

use super::{READ_LEN, parse};

/// The longest time until a change is seen that inotify does not report: on a network file system,
/// behind a symbolic link, or in a directory that came later. In milliseconds.
const RECHECK_MS: u16 = 5_000;
/// The shortest time between two readings, in milliseconds.
const PAUSE_MS: u16 = 20;
/// Number of the file, and its value.
const REPORT_LEN: usize = 12;
/// Batches of notifications taken before the files are read.
const BATCHES: usize = 64;

/// A number that a file has come to contain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// Which file, as [`FileWatch::watch`] has numbered it.
    pub file: u32,
    /// As [`parse`] reads it; 0 if the file cannot be read.
    pub value: i64,
}

/// Tracked files, read by a thread of their own: opening a file can take as long as its disk likes.
///
/// Every file is reported once at first, and then each time its number becomes another. A number
/// out of range changes nothing. The descriptor is readable when there are reports. The thread ends
/// when the value is dropped.
#[derive(Debug)]
pub struct FileWatch {
    link: UnixStream,
    report: Vec<u8>,
    orders: Arc<Mutex<Vec<Order>>>,
    /// The number of the next file.
    next: u32,
}

/// A change of what is watched, for the thread.
#[derive(Debug)]
enum Order {
    Watch(u32, PathBuf),
    Forget(u32),
}

impl FileWatch {
    /// Watches nothing yet, with the privileges of the calling thread.
    ///
    /// # Errors
    /// No descriptor or no thread is left.
    pub fn new() -> io::Result<Self> {
        let (ours, theirs) = UnixStream::pair()?;
        ours.set_nonblocking(true)?;
        theirs.set_nonblocking(true)?;
        let orders = <Arc<Mutex<Vec<Order>>>>::default();
        let watcher = Watcher::new(Arc::clone(&orders), theirs);
        thread::Builder::new()
            .name("track_file".to_owned())
            .spawn(move || watcher.run())?;
        Ok(Self {
            link: ours,
            report: Vec::new(),
            orders,
            next: 0,
        })
    }

    /// Watches one more file; gives its number, which no other file of this watch ever has.
    pub fn watch(&mut self, path: PathBuf) -> u32 {
        let file = self.next;
        self.next = file.wrapping_add(1);
        self.order(Order::Watch(file, path));
        file
    }

    /// Watches this file no more. Reports on their way still come.
    pub fn forget(&mut self, file: u32) {
        self.order(Order::Forget(file));
    }

    fn order(&self, order: Order) {
        let mut orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
        orders.push(order);
        // Where octets wait already, the thread is going to look.
        let _full = (&self.link).write(&[0]);
    }

    /// The next change; `None` if there is none for now.
    ///
    /// # Errors
    /// [`ErrorKind::UnexpectedEof`] if the thread has gone, which it does not on its own.
    pub fn next_change(&mut self) -> io::Result<Option<Change>> {
        let mut octets = [0; REPORT_LEN];
        loop {
            if let Some((&report, _)) = self.report.split_first_chunk() {
                self.report.clear();
                return Ok(Some(Change::from_report(report)));
            }
            let missing = REPORT_LEN.saturating_sub(self.report.len());
            match self
                .link
                .read(octets.get_mut(..missing).unwrap_or_default())
            {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(len) => self.report.extend(octets.iter().take(len)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

impl AsFd for FileWatch {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.link.as_fd()
    }
}

impl Change {
    fn to_report(self) -> [u8; REPORT_LEN] {
        let mut report = [0; REPORT_LEN];
        let (file, value) = report.split_at_mut(4);
        file.copy_from_slice(&self.file.to_ne_bytes());
        value.copy_from_slice(&self.value.to_ne_bytes());
        report
    }

    const fn from_report([a, b, c, d, value @ ..]: [u8; REPORT_LEN]) -> Self {
        Self {
            file: u32::from_ne_bytes([a, b, c, d]),
            value: i64::from_ne_bytes(value),
        }
    }
}

#[derive(Debug)]
struct Tracked {
    number: u32,
    path: PathBuf,
    /// As last reported.
    value: Option<i64>,
}

/// The thread's side.
#[derive(Debug)]
struct Watcher {
    files: Vec<Tracked>,
    names: BTreeSet<OsString>,
    orders: Arc<Mutex<Vec<Order>>>,
    link: UnixStream,
    /// `None` if the system has no more of it: the files are looked at from time to time.
    inotify: Option<Inotify>,
}

impl Watcher {
    fn new(orders: Arc<Mutex<Vec<Order>>>, link: UnixStream) -> Self {
        Self {
            files: Vec::new(),
            names: BTreeSet::new(),
            orders,
            link,
            inotify: Inotify::init(InitFlags::IN_CLOEXEC | InitFlags::IN_NONBLOCK).ok(),
        }
    }

    /// Ends when the other side is dropped.
    fn run(mut self) {
        loop {
            if !self.follow_orders() {
                return;
            }
            // Before reading, so that no change falls between.
            self.watch_directories();
            if self.report_changes().is_err() {
                return;
            }
            // Not more often than that, and no longer than that unless there is news.
            self.await_call(PollTimeout::from(PAUSE_MS));
            self.sleep();
        }
    }

    /// Changes what is watched; false when the other side is dropped.
    fn follow_orders(&mut self) -> bool {
        let mut calls = [0; 64];
        loop {
            match self.link.read(&mut calls) {
                Ok(0) => return false,
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(_) => return false,
            }
        }
        let orders =
            core::mem::take(&mut *self.orders.lock().unwrap_or_else(PoisonError::into_inner));
        let changed = !orders.is_empty();
        for order in orders {
            match order {
                Order::Watch(number, path) => self.files.push(Tracked {
                    number,
                    path,
                    value: None,
                }),
                Order::Forget(number) => self.files.retain(|file| file.number != number),
            }
        }
        if changed {
            let names = self.files.iter().filter_map(|file| file.path.file_name());
            self.names = names.map(OsString::from).collect();
        }
        true
    }

    fn watch_directories(&self) {
        let Some(inotify) = &self.inotify else { return };
        let events = AddWatchFlags::IN_CLOSE_WRITE
            | AddWatchFlags::IN_MODIFY
            | AddWatchFlags::IN_CREATE
            | AddWatchFlags::IN_DELETE
            | AddWatchFlags::IN_MOVE;
        for file in &self.files {
            let directory = match file.path.parent() {
                Some(parent) if parent != Path::new("") => parent,
                _ => Path::new("."),
            };
            // It need not exist yet; the next round tries again. Adding twice is adding once.
            let _missing = inotify.add_watch(directory, events);
        }
    }

    fn report_changes(&mut self) -> io::Result<()> {
        for file in &mut self.files {
            let value = match read(&file.path) {
                Ok(octets) => parse(&octets).ok().or(file.value).unwrap_or(0),
                // It says nothing of the file; there will be another look.
                Err(error) if is_lack(&error) => continue,
                Err(_) => 0,
            };
            if file.value.replace(value) != Some(value) {
                let change = Change {
                    file: file.number,
                    value,
                };
                report(&mut self.link, change)?;
            }
        }
        Ok(())
    }

    /// Waits for a notification of a tracked file, for an order, or for the time of a general look.
    fn sleep(&self) {
        let limit = match self.files.is_empty() {
            true => PollTimeout::NONE,
            false => PollTimeout::from(RECHECK_MS),
        };
        let Some(inotify) = &self.inotify else {
            self.await_call(limit);
            return;
        };
        loop {
            let mut fds =
                [self.link.as_fd(), inotify.as_fd()].map(|fd| PollFd::new(fd, PollFlags::POLLIN));
            let ready = poll(&mut fds, limit);
            let [called, notified] = fds.map(|fd| fd.any().unwrap_or(true));
            match ready {
                Ok(0) => return,
                Ok(_) if !called && notified && !self.is_concerned(inotify) => {}
                Ok(_) | Err(_) => return,
            }
        }
    }

    /// Takes the notifications; whether one may be about a tracked file.
    fn is_concerned(&self, inotify: &Inotify) -> bool {
        let mut concerned = false;
        for _ in 0..BATCHES {
            let Ok(events) = inotify.read_events() else {
                break;
            };
            concerned |= events.iter().any(|event| {
                // Without a name: the directory itself went, or notifications were lost.
                let name = event.name.as_ref();
                name.is_none_or(|name| self.names.contains(name))
            });
        }
        concerned
    }

    /// Waits until there are orders or the other side is dropped, for at most `limit`.
    fn await_call(&self, limit: PollTimeout) {
        let mut fds = [PollFd::new(self.link.as_fd(), PollFlags::POLLIN)];
        let _interrupted = poll(&mut fds, limit);
    }
}

/// Sends a report whole, however long it is not read.
fn report(link: &mut UnixStream, change: Change) -> io::Result<()> {
    let octets = change.to_report();
    let mut rest = octets.as_slice();
    while !rest.is_empty() {
        match link.write(rest) {
            Ok(len) => rest = rest.get(len..).unwrap_or_default(),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                let mut fds = [PollFd::new(link.as_fd(), PollFlags::POLLOUT)];
                let _interrupted = poll(&mut fds, PollTimeout::NONE);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Whether this host has no descriptor or no memory to read anything with.
fn is_lack(error: &io::Error) -> bool {
    let lacks = [Errno::EMFILE, Errno::ENFILE, Errno::ENOMEM, Errno::ENOBUFS];
    let errno = error.raw_os_error().map(Errno::from_raw);
    errno.is_some_and(|errno| lacks.contains(&errno))
}

/// The first octets of a file. A FIFO without a writer is empty.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(OFlag::O_NONBLOCK.bits())
        .open(path)?;
    let mut octets = Vec::with_capacity(READ_LEN);
    file.take(READ_LEN as u64).read_to_end(&mut octets)?;
    Ok(octets)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    struct Directory(PathBuf);

    impl Directory {
        fn new(name: &str) -> Self {
            let name = format!("ha-daemon-watch-{name}-{}", std::process::id());
            let path = std::env::temp_dir().join(name);
            fs::create_dir(&path).unwrap();
            Self(path)
        }

        fn file(&self, name: &str) -> PathBuf {
            self.0.join(name)
        }
    }

    impl Drop for Directory {
        fn drop(&mut self) {
            fs::remove_dir_all(&self.0).unwrap();
        }
    }

    /// The next change within the time of a recheck and some.
    fn next(watch: &mut FileWatch) -> Change {
        loop {
            if let Some(change) = watch.next_change().unwrap() {
                return change;
            }
            let mut fds = [PollFd::new(watch.as_fd(), PollFlags::POLLIN)];
            assert_eq!(poll(&mut fds, PollTimeout::from(20_000_u16)), Ok(1));
        }
    }

    const fn change(file: u32, value: i64) -> Change {
        Change { file, value }
    }

    #[test]
    fn reports_every_file_at_first_and_then_changes() {
        let directory = Directory::new("changes");
        let (first, second) = (directory.file("first"), directory.file("second"));
        fs::write(&first, "7\n").unwrap();
        let mut watch = FileWatch::new().unwrap();
        watch.watch(first.clone());
        watch.watch(second.clone());
        assert_eq!(next(&mut watch), change(0, 7));
        assert_eq!(next(&mut watch), change(1, 0), "missing");

        fs::write(&second, "-3").unwrap();
        assert_eq!(next(&mut watch), change(1, -3), "made");
        fs::rename(&second, &first).unwrap();
        let mut both = [next(&mut watch), next(&mut watch)];
        both.sort_by_key(|change| change.file);
        assert_eq!(both, [change(0, -3), change(1, 0)], "moved");
    }

    #[test]
    fn files_come_and_go_while_others_are_watched() {
        let directory = Directory::new("later");
        let (first, second) = (directory.file("first"), directory.file("second"));
        fs::write(&first, "1").unwrap();
        fs::write(&second, "2").unwrap();
        let mut watch = FileWatch::new().unwrap();
        assert_eq!(watch.watch(first.clone()), 0);
        assert_eq!(next(&mut watch), change(0, 1));
        assert_eq!(watch.watch(second.clone()), 1);
        assert_eq!(next(&mut watch), change(1, 2));
        watch.forget(0);
        fs::write(&first, "3").unwrap();
        assert_eq!(watch.watch(first), 2, "a number is not used again");
        assert_eq!(next(&mut watch), change(2, 3));
        fs::write(&second, "4").unwrap();
        assert_eq!(next(&mut watch), change(1, 4));
    }

    #[test]
    fn a_number_out_of_range_changes_nothing() {
        let directory = Directory::new("range");
        let file = directory.file("file");
        fs::write(&file, "5").unwrap();
        let mut watch = FileWatch::new().unwrap();
        watch.watch(file.clone());
        assert_eq!(next(&mut watch), change(0, 5));
        fs::write(directory.file("new"), "99999999999").unwrap();
        fs::rename(directory.file("new"), &file).unwrap();
        fs::write(directory.file("new"), "6").unwrap();
        fs::rename(directory.file("new"), &file).unwrap();
        assert_eq!(next(&mut watch), change(0, 6));
    }

    #[test]
    fn only_what_is_said_of_the_file_counts() {
        let lacks = |errno: Errno| is_lack(&errno.into());
        assert!(
            [Errno::EMFILE, Errno::ENFILE, Errno::ENOMEM]
                .into_iter()
                .all(lacks)
        );
        assert!(
            ![Errno::ENOENT, Errno::EACCES, Errno::EISDIR]
                .into_iter()
                .any(lacks)
        );
    }

    #[test]
    fn finds_a_directory_that_comes_later() {
        let directory = Directory::new("sub");
        let file = directory.file("sub/file");
        let mut watch = FileWatch::new().unwrap();
        watch.watch(file.clone());
        assert_eq!(next(&mut watch), change(0, 0));
        fs::create_dir(directory.file("sub")).unwrap();
        fs::write(&file, "1").unwrap();
        assert_eq!(next(&mut watch), change(0, 1));
    }

    #[test]
    fn the_thread_goes_with_the_watch() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        theirs.set_nonblocking(true).unwrap();
        let watcher = Watcher::new(Arc::default(), theirs);
        let thread = thread::spawn(move || watcher.run());
        drop(ours);
        thread.join().unwrap();
    }
}
