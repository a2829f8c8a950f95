//! The security of a script: the users other than root who could change it.

use core::fmt;
use std::ffi::{OsStr, OsString};
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

/// How many symbolic links lead from one to the next, as in the kernel.
const MOST_LINKS: u32 = 40;
/// Bits of a mode: the sticky bit, and the right to write of the group and of everybody.
const STICKY: u32 = 0o1000;
const GROUP: u32 = 0o020;
const OTHERS: u32 = 0o002;

/// A program that runs as root should not be run as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProgramError {
    /// There is none, or it cannot be looked at.
    #[error("there is no program {program:?}: {reason}")]
    Missing {
        /// As configured.
        program: OsString,
        /// Why not.
        reason: String,
    },
    /// It is no file that may be executed.
    #[error("{} is no executable file", .0.display())]
    NotExecutable(PathBuf),
    /// Somebody else can change it, or put another in its place.
    #[error("the program {program:?} is not safe: {} {weakness}", .component.display())]
    Insecure {
        /// As configured.
        program: OsString,
        /// The part of the path that is at fault: the file, a directory or a symbolic link.
        component: PathBuf,
        /// What is wrong with it.
        weakness: Weakness,
    },
}

/// Why a file, a directory or a link is in the hands of others than root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weakness {
    /// It belongs to the user of this number.
    Owner(u32),
    /// The group of this number can write to it.
    Group(u32),
    /// Everybody can write to it.
    Everybody,
}

impl fmt::Display for Weakness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Owner(user) => write!(f, "belongs to user {user}"),
            Self::Group(group) => write!(f, "can be written to by group {group}"),
            Self::Everybody => f.write_str("can be written to by everybody"),
        }
    }
}

/// Looks at every directory, link and file on the way to a program.
///
/// # Errors
/// [`ProgramError`]: the first error. Insecure permissions are checked first.
pub fn inspect(program: &OsStr) -> Result<(), ProgramError> {
    let missing = |error: &io::Error| ProgramError::Missing {
        program: program.to_owned(),
        reason: if error.kind() == ErrorKind::NotFound {
            "not found".to_owned()
        } else {
            error.to_string()
        },
    };
    let path = find(program).map_err(|error| missing(&error))?;
    let mut walk = Walk {
        rest: Vec::new(),
        at: PathBuf::from("/"),
        links: 0,
    };
    walk.push(&path);
    let mut is_executable = false;
    loop {
        let metadata = walk
            .at
            .symlink_metadata()
            .map_err(|error| missing(&error))?;
        if let Some(weakness) = weakness(&metadata) {
            return Err(ProgramError::Insecure {
                program: program.to_owned(),
                component: walk.at,
                weakness,
            });
        }
        if metadata.is_symlink() {
            walk.follow().map_err(|error| missing(&error))?;
        } else {
            is_executable = metadata.is_file() && metadata.mode() & 0o111 != 0;
        }
        if !walk.step() {
            break;
        }
    }
    match is_executable {
        true => Ok(()),
        false => Err(ProgramError::NotExecutable(path)),
    }
}

fn weakness(metadata: &std::fs::Metadata) -> Option<Weakness> {
    let mode = metadata.mode();
    if metadata.uid() != 0 {
        return Some(Weakness::Owner(metadata.uid()));
    }
    // What a link's mode says counts nowhere; in a sticky directory only owners rename.
    if metadata.is_symlink() || (metadata.is_dir() && mode & STICKY != 0) {
        return None;
    }
    if mode & OTHERS != 0 {
        Some(Weakness::Everybody)
    } else if mode & GROUP != 0 && metadata.gid() != 0 {
        Some(Weakness::Group(metadata.gid()))
    } else {
        None
    }
}

/// Where a program is: as it says, or where `PATH` leads.
fn find(program: &OsStr) -> io::Result<PathBuf> {
    let path = Path::new(program);
    if program.as_encoded_bytes().contains(&b'/') {
        return std::path::absolute(path);
    }
    let directories = std::env::var_os("PATH").unwrap_or_else(|| super::PATH.into());
    let there = std::env::split_paths(&directories).map(|directory| directory.join(path));
    let found = there.into_iter().find(|path| {
        let metadata = path.metadata();
        metadata.is_ok_and(|metadata| metadata.is_file() && metadata.mode() & 0o111 != 0)
    });
    found.map_or_else(|| Err(ErrorKind::NotFound.into()), std::path::absolute)
}

/// A way from the root, a step at a time.
#[derive(Debug)]
struct Walk {
    /// What is left to go, the next last.
    rest: Vec<OsString>,
    at: PathBuf,
    links: u32,
}

impl Walk {
    fn push(&mut self, path: &Path) {
        for component in path.components().rev() {
            match component {
                Component::RootDir => self.at = PathBuf::from("/"),
                Component::ParentDir => self.rest.push("..".into()),
                Component::Normal(name) => self.rest.push(name.to_owned()),
                Component::CurDir | Component::Prefix(_) => {}
            }
        }
    }

    /// One step further; whether there was one.
    fn step(&mut self) -> bool {
        let Some(name) = self.rest.pop() else {
            return false;
        };
        // What is behind is no link, so that this is the directory above.
        if name == ".." {
            self.at.pop();
        } else {
            self.at.push(name);
        }
        true
    }

    /// Goes where the link leads.
    fn follow(&mut self) -> io::Result<()> {
        self.links += 1;
        if self.links > MOST_LINKS {
            return Err(nix::errno::Errno::ELOOP.into());
        }
        let target = self.at.read_link()?;
        self.at.pop();
        self.push(&target);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn what_belongs_to_root_alone_is_secure() {
        assert_eq!(inspect("/bin/sh".as_ref()), Ok(()));
        assert_eq!(inspect("sh".as_ref()), Ok(()));
    }

    #[test]
    fn what_is_not_there_is_named() {
        for program in ["/nonexistent/x", "no-such-program-here"] {
            let error = inspect(program.as_ref()).unwrap_err();
            let text = format!("there is no program {program:?}: not found");
            assert_eq!(error.to_string(), text);
        }
        let directory = inspect("/usr".as_ref());
        assert_eq!(directory, Err(ProgramError::NotExecutable("/usr".into())));
    }

    #[test]
    fn modes_and_owners_are_judged_by_kind() {
        let directory = std::env::temp_dir().join(format!("ha-security-{}", std::process::id()));
        fs::create_dir(&directory).unwrap();
        let file = directory.join("file");
        fs::write(&file, "").unwrap();
        let link = directory.join("link");
        symlink(&file, &link).unwrap();
        let judge = |path: &Path, mode: u32| {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
            weakness(&path.metadata().unwrap())
        };
        let owner = directory.metadata().unwrap().uid();
        if owner == 0 {
            assert_eq!(judge(&file, 0o755), None);
            assert_eq!(judge(&file, 0o775), None, "root's group");
            assert_eq!(judge(&file, 0o757), Some(Weakness::Everybody));
            assert_eq!(judge(&directory, 0o777), Some(Weakness::Everybody));
            assert_eq!(judge(&directory, 0o1777), None, "sticky");
            assert_eq!(weakness(&link.symlink_metadata().unwrap()), None);
            let gid = Some(nix::unistd::Gid::from_raw(5));
            nix::unistd::chown(&file, None, gid).unwrap();
            assert_eq!(judge(&file, 0o775), Some(Weakness::Group(5)));
            let uid = Some(nix::unistd::Uid::from_raw(7));
            nix::unistd::chown(&file, uid, None).unwrap();
        }
        let owner = file.metadata().unwrap().uid();
        assert_eq!(judge(&file, 0o755), Some(Weakness::Owner(owner)));
        fs::remove_dir_all(&directory).unwrap();
    }

    #[test]
    fn links_are_followed_and_every_directory_on_the_way_is_looked_at() {
        let walk = |path: &str| {
            let mut walk = Walk {
                rest: Vec::new(),
                at: PathBuf::from("/"),
                links: 0,
            };
            walk.push(path.as_ref());
            let mut seen = Vec::new();
            while walk.step() {
                seen.push(walk.at.display().to_string());
            }
            seen
        };
        assert_eq!(walk("/a/b/../c"), ["/a", "/a/b", "/a", "/a/c"]);
        assert_eq!(walk("/"), [] as [&str; 0]);
        let round = std::env::temp_dir().join(format!("ha-round-{}", std::process::id()));
        symlink(&round, &round).unwrap();
        let error = inspect(round.as_os_str()).unwrap_err();
        fs::remove_file(&round).unwrap();
        let is_loop = matches!(&error, ProgramError::Missing { .. });
        assert!(
            is_loop || matches!(error, ProgramError::Insecure { .. }),
            "{error:?}"
        );
    }
}
