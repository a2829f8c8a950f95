//! Files that are read, files that are not, and files that must not be waited for.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use super::{options, places};
use crate::config::{Loaded, Severity, load};

const INSTANCE: &str = "vrrp_instance a {\ninterface eth0\nvirtual_router_id 7\n\
                        virtual_ipaddress {\n192.0.2.1\n}\n}\n";

/// A directory of a test's own.
struct Site(PathBuf);

impl Site {
    fn new(name: &str) -> Self {
        let name = format!("ha-daemon-files-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    fn fifo(&self, name: &str) -> PathBuf {
        let path = self.0.join(name);
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
        path
    }

    fn load(&self, text: &str) -> Loaded {
        load(&self.write("main.conf", text), &options())
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

fn messages(loaded: &Loaded) -> Vec<String> {
    let each = loaded.diagnostics.iter();
    each.map(|diagnostic| diagnostic.message.clone()).collect()
}

#[test]
fn a_byte_order_mark_is_skipped_and_told() {
    let site = Site::new("mark");
    for text in [
        format!("\u{feff}# x\n{INSTANCE}"),
        format!("\u{feff}{INSTANCE}"),
    ] {
        let loaded = site.load(&text);
        assert_eq!(places(&loaded), [("bad-character", 1, 1)]);
        assert_eq!(loaded.worst(), Some(Severity::Warning));
        assert_eq!(loaded.config.instances.len(), 1);
        assert!(
            messages(&loaded)[0].contains("U+FEFF (byte order mark"),
            "{loaded:?}"
        );
    }
    site.write("part.conf", &format!("\u{feff}{INSTANCE}"));
    assert_eq!(site.load("include part.conf\n").config.instances.len(), 1);
}

#[test]
fn what_is_no_regular_file_is_not_waited_for() {
    let site = Site::new("special");
    let fifo = site.fifo("fifo");
    let message = |path: &Path| {
        let loaded = load(path, &options());
        assert_eq!(loaded.worst(), Some(Severity::Fatal));
        messages(&loaded).concat()
    };
    assert!(message(&fifo).ends_with("it is no regular file"));
    assert!(message(&site.0).ends_with("it is a directory"));
    assert!(message(Path::new("/dev/zero")).ends_with("it is no regular file"));
}

#[test]
fn what_an_include_does_not_read_is_told() {
    let site = Site::new("skipped");
    site.fifo("fifo.conf");
    fs::create_dir(site.0.join("sub")).unwrap();
    let path = site.write("run.conf", "");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    symlink("/no-such-file", site.0.join("dangling.conf")).unwrap();
    for (name, reason) in [
        ("fifo.conf", "is no regular file"),
        ("sub", "is a directory"),
        ("run.conf", "is executable"),
        ("dangling.conf", "is a link to nothing"),
    ] {
        for (word, severity) in [
            ("include", Severity::Warning),
            ("includer", Severity::Error),
        ] {
            let loaded = site.load(&format!("{word} {name}\n{INSTANCE}"));
            let column = word.len() + 2;
            assert_eq!(places(&loaded), [("include-skipped", 1, column)]);
            assert_eq!(loaded.worst(), Some(severity), "{word} {name}");
            assert!(messages(&loaded)[0].ends_with(reason), "{loaded:?}");
        }
    }
}

#[test]
fn what_names_nothing_is_a_mistake_where_the_include_insists() {
    let site = Site::new("missing");
    fs::create_dir(site.0.join("empty")).unwrap();
    let (warning, error) = (Some(Severity::Warning), Some(Severity::Error));
    // For a name, a wildcard in no directory, a wildcard in an empty one, and braces.
    for (word, expected) in [
        ("include", [warning, None, None, warning]),
        ("includer", [warning, None, None, warning]),
        ("includem", [error, error, None, warning]),
        ("includew", [error, error, error, warning]),
        ("includeb", [warning, None, None, error]),
        ("includea", [error, error, error, error]),
    ] {
        let patterns = ["none.conf", "none.d/*", "empty/*", "{a,b}.conf"];
        for (pattern, worst) in patterns.iter().zip(expected) {
            let loaded = site.load(&format!("{word} {pattern}\n{INSTANCE}"));
            assert_eq!(loaded.worst(), worst, "{word} {pattern}");
            assert_eq!(loaded.config.instances.len(), 1);
        }
    }
}

#[test]
fn wildcards_are_those_of_the_c_library() {
    let site = Site::new("wildcards");
    for name in [
        "d/b.conf",
        "d/a.conf",
        "d/.a.conf.swp",
        "d/e/c.conf",
        "d/a-1.txt",
    ] {
        site.write(name, "");
    }
    let read = |pattern: &str| {
        let loaded = site.load(&format!("include {pattern}\n{INSTANCE}"));
        let names = loaded.sources.iter().skip(1).map(|source| {
            let path = Path::new(source.name());
            path.strip_prefix(&site.0).unwrap().display().to_string()
        });
        names.collect::<Vec<_>>()
    };
    assert_eq!(read("d/*.conf"), ["d/a.conf", "d/b.conf"]);
    assert_eq!(read("d/[^b].conf"), ["d/a.conf"]);
    assert_eq!(read("**/?.conf"), ["d/a.conf", "d/b.conf"]);
    assert_eq!(read("d/{e/*,b.conf}"), ["d/e/c.conf", "d/b.conf"]);
    assert_eq!(read("d/.*.swp"), ["d/.a.conf.swp"]);
}

#[test]
fn looking_for_files_ends() {
    let site = Site::new("endless");
    for number in 0..400 {
        site.write(&format!("many/{number}"), "");
    }
    symlink(".", site.0.join("many/here")).unwrap();
    symlink(".", site.0.join("many/there")).unwrap();
    let deep = "*/".repeat(40);
    let loaded = site.load(&format!("include many/{deep}none\n{INSTANCE}"));
    assert_eq!(places(&loaded), [("include-limit", 1, 9)]);
    assert_eq!(loaded.worst(), Some(Severity::Fatal));
    let loaded = site.load("~SEQ(i, 1, 1000000) include /no-such-directory/$i\n");
    assert_eq!(loaded.worst(), Some(Severity::Fatal));
    assert!(loaded.diagnostics.len() < 3, "{:?}", places(&loaded));
}

#[test]
fn files_without_end_are_given_up_at_once() {
    let site = Site::new("count");
    for number in 0..300 {
        site.write(&format!("many/{number}"), "");
    }
    let loaded = site.load(&"include many/*\n".repeat(100));
    let codes: Vec<_> = places(&loaded).iter().map(|place| place.0).collect();
    assert_eq!(codes, ["include-limit"]);
    assert_eq!(loaded.worst(), Some(Severity::Fatal));
}
