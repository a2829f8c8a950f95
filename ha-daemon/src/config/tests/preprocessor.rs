use std::fs;
use std::path::PathBuf;

use super::{load_text, options, places};
use crate::config::text::reader::Reader;
use crate::config::{LoadOptions, load};

/// The lines that are left when everything is expanded, with single blanks.
fn lines(text: &str) -> Vec<String> {
    let options = options();
    let mut reader = Reader::new(&options);
    reader.open_text("test.conf", text);
    let mut lines = Vec::new();
    while let Some(line) = reader.next_line() {
        let text = line.text(&reader.sources);
        let words: Vec<_> = text.split_whitespace().collect();
        lines.push(words.join(" "));
    }
    lines
}

#[test]
fn comments_end_lines_except_in_double_quotes_and_behind_a_backslash() {
    assert_eq!(lines("a b # c\n! d\ne!f\n"), ["a b", "e"]);
    assert_eq!(lines("a \"b # c\" d ! e\n"), ["a \"b # c\" d"]);
    assert_eq!(lines("a 'b # c'\n"), ["a 'b"]);
    assert_eq!(lines("a\\#b \\! c # d\n"), ["a#b ! c"]);
    assert_eq!(lines("\"a${_HASH}b${_BANG}\"\r\n"), ["\"a#b!\""]);
}

#[test]
fn comments_may_start_in_macros() {
    assert_eq!(lines("$C=${_HASH}\na $C b\n$C c\n"), ["a"]);
    assert_eq!(lines("a ${_HASH} b\nc${_BANG}d\n"), ["a", "c"]);
    assert_eq!(lines("$H=x${_HASH}y\na $H b\n"), ["a x"]);
    assert_eq!(lines("$P=\"a # b\"\nc $P d\n"), ["c \"a # b\" d"]);
    assert_eq!(lines("$C=${_HASH}\na \"$C \" b\n"), ["a \"# \" b"]);
    assert_eq!(lines("$C=${_HASH}\n~SEQ(i, 1, 2) a$i $C b\n"), ["a1", "a2"]);
    assert_eq!(lines("$Q=a\\#b\n$Q c\n"), ["a#b c"]);
    assert_eq!(lines("$M= \\\n a ${_HASH} { \\\n b {\n$M\n"), ["a", "b {"]);
}

#[test]
fn a_macro_may_hold_a_sequence() {
    assert_eq!(lines("$N=~SEQ(i, 1, 2) a${i}\n$N\n"), ["a1", "a2"]);
    assert_eq!(lines("$L=~LST(i, p, q) a$i\n${L}\n"), ["ap", "aq"]);
    let nested = "$N=~SEQ(i, 1, 2) a${x}.${i}\n~SEQ(x, 6, 7) $N\n";
    assert_eq!(lines(nested), ["a6.1", "a6.2", "a7.1", "a7.2"]);
    let chain = "$N=~SEQ(i, 1, 2) a$i\n$K=~SEQ(x, 6, 7) $N\n$B=${K}\n$B\n";
    assert_eq!(lines(chain), ["a1", "a2", "a1", "a2"]);
    // Not at the start of a line it is a text like any other.
    let within = "$N=~SEQ(i, 1, 2) a\nb $N\n";
    assert_eq!(lines(within), ["b ~SEQ(i, 1, 2) a"]);
}

#[test]
fn a_sequence_in_a_macro_repeats_macros_of_several_lines() {
    let block = "$V= \\\n v$i { \\\n p \\\n}\n$N=~SEQ(i, 1, 2) $V\n$N\n";
    assert_eq!(lines(block), ["v1 {", "p", "}", "v2 {", "p", "}"]);
    let first = "$M= \\\n~SEQ(i, 1, 2) y${i} \\\nz\n$M\na\n";
    assert_eq!(lines(first), ["y1", "y2", "z", "a"]);
    let later = "$M= \\\nz \\\n~SEQ(i, 1, 2) y${i}\n@node1 $M\n";
    assert_eq!(lines(later), ["z", "y1", "y2"]);
}

#[test]
fn a_sequence_that_repeats_itself_ends() {
    let loaded = load_text("$N=~SEQ(i, 1, 2) $N\n$N\n");
    let codes: Vec<_> = places(&loaded).iter().map(|place| place.0).collect();
    assert!(codes.contains(&"bad-macro"), "{codes:?}");
}

#[test]
fn lines_for_other_nodes_are_left_out() {
    let text = "@node1 a\n@node2 b\n@^node1 c\n@^node2 d\n@node1 $X=e\n@node2 $X=f\n$X\n";
    assert_eq!(lines(text), ["a", "d", "e"]);
    assert_eq!(lines("$C=@node2\n$D=@node1\n$C a\n$D b\n"), ["b"]);
}

#[test]
fn variables_are_bound_late_and_recursively() {
    assert_eq!(
        lines("$A=1 $B\n$B=2\n$A x\n$B=3\n$A x\n"),
        ["1 2 x", "1 3 x"]
    );
    assert_eq!(
        lines("$A=x\nf$A.y\nf${A}.y\nf$A)\nf$A, g\n"),
        ["f$A.y", "fx.y", "fx)", "fx, g"]
    );
    assert_eq!(lines("$NONE ${NONE}\n"), ["$NONE ${NONE}"]);
}

#[test]
fn macros_of_several_lines_expand_at_the_end_of_a_line() {
    let text = "$M= \\\n one \\\n two $x\n$x=3\n$M\na $M\n$M b\n";
    assert_eq!(lines(text), ["one", "two 3", "a one", "two 3", "$M b"]);
    let nested = "$IN= \\\n b \\\n c\n$OUT= \\\n a \\\n $IN \\\n d\n$OUT\n";
    assert_eq!(lines(nested), ["a", "b", "c", "d"]);
}

#[test]
fn sequences_count_like_seq() {
    assert_eq!(lines("~SEQ(i, 3) a$i\n"), ["a1", "a2", "a3"]);
    assert_eq!(lines("~SEQ(i, 3, 1) a$i\n"), ["a3", "a2", "a1"]);
    assert_eq!(lines("~SEQ(i, 0, 2) a$i\n"), ["a0", "a1", "a2"]);
    assert_eq!(lines("~SEQ(i, 5, -2, 1) a$i\n"), ["a5", "a3", "a1"]);
    assert_eq!(lines("~SEQx(i, 9, 11) a$i\n"), ["a9", "aa", "ab"]);
    assert_eq!(lines("$N=2\n~SEQ(i, 1, $N) a$i\n"), ["a1", "a2"]);
}

#[test]
fn repeating_nothing_ends_at_once() {
    assert_eq!(lines("~SEQ(i, 1, 9223372036854775806) \na\n"), ["a"]);
}

#[test]
fn sequences_in_sequences_run_fastest_on_the_right() {
    let text = "~SEQ(net, 0, 1) ~SEQ(host, 1, 2) 10.0.${net}.$host\n";
    assert_eq!(
        lines(text),
        ["10.0.0.1", "10.0.0.2", "10.0.1.1", "10.0.1.2"]
    );
}

#[test]
fn lists_repeat_their_line_for_words_and_tuples() {
    assert_eq!(lines("~LST(i, red, blue) a$i\n"), ["ared", "ablue"]);
    let text = "~LST({id, dev}, {1, eth0}, {2, eth1}) vrid $id on $dev\n";
    assert_eq!(lines(text), ["vrid 1 on eth0", "vrid 2 on eth1"]);
}

#[test]
fn a_macro_of_several_lines_sees_the_variables_of_the_sequence_around_it() {
    let text = "$M= \\\n a$i { \\\n }\n~SEQ(i, 1, 2) $M\n$i=x\n$i\n";
    assert_eq!(lines(text), ["a1 {", "}", "a2 {", "}", "x"]);
}

#[test]
fn built_in_variables_come_from_the_options() {
    assert_eq!(lines("${_INSTANCE} ${_ENV SITE}\n"), ["blue berlin"]);
    let random = lines("${_RANDOM 5 7}\n");
    assert_eq!(random, lines("${_RANDOM 5 7}\n"));
    assert!((5..=7).contains(&random[0].parse::<u32>().unwrap()));
}

#[test]
fn braces_stand_on_the_line_of_the_keyword_or_on_the_next() {
    let block = "interface eth0\nvirtual_router_id 1\nvirtual_ipaddress { 10.0.0.1 }\n";
    for text in [
        format!("vrrp_instance A {{\n{block}}}\n"),
        format!("vrrp_instance A\n{{\n{block}}}\n"),
        format!("vrrp_instance A {{ {block} }}\n"),
        format!("vrrp_instance A{{\r\n{block}\r\n}}\r\n"),
        format!("vrrp_instance \"A\" {{\n{block}}}"),
    ] {
        let loaded = load_text(&text);
        assert_eq!(places(&loaded), [], "{text}");
        assert_eq!(loaded.config.instances[0].name, "A");
    }
}

#[test]
fn lines_of_more_than_1023_octets_are_left_out_whole() {
    let text = format!("global_defs {{\nrouter_id {}\n}}\n", "x".repeat(1014));
    let loaded = load_text(&text);
    assert_eq!(places(&loaded), [("line-too-long", 2, 1024)]);
    let text = format!(
        "global_defs {{\nrouter_id {} # {}\n}}\n",
        "x".repeat(9),
        "y".repeat(2000)
    );
    assert_eq!(places(&load_text(&text)), []);
}

#[test]
fn macros_that_double_are_stopped() {
    let mut text = String::from("$A0=x\n");
    for i in 1..64 {
        text += &format!("$A{i}=${{A{}}}${{A{}}}\n", i - 1, i - 1);
    }
    text += "${A63}\n";
    let codes: Vec<_> = places(&load_text(&text)).into_iter().map(|p| p.0).collect();
    assert_eq!(codes, ["bad-macro"]);
}

#[test]
fn the_number_of_lines_is_bounded() {
    let options = LoadOptions {
        max_lines: 1000,
        ..options()
    };
    let text = "~SEQ(i, 1, 2000000000) ~SEQ(j, 1, 2000000000) foo\n";
    let loaded = crate::config::load_str("test.conf", text, &options);
    let limit = loaded
        .diagnostics
        .iter()
        .any(|d| d.code.id() == "expansion-limit");
    assert!(limit);
}

struct Directory(PathBuf);

impl Directory {
    fn new(name: &str, files: &[(&str, &str)]) -> Self {
        let path = std::env::temp_dir().join(format!("ha-config-{}-{name}", std::process::id()));
        for (file, text) in files {
            let file = path.join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        Self(path)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

#[test]
fn includes_are_sorted_relative_to_their_file_and_allowed_in_blocks() {
    let directory = Directory::new(
        "include",
        &[
            (
                "main.conf",
                "vrrp_instance A {\n  include parts/*.conf\n}\n",
            ),
            ("parts/b.conf", "virtual_router_id 9\n"),
            ("parts/a.conf", "include more/{y,x}.inc\n"),
            ("parts/more/x.inc", "virtual_ipaddress {\n 10.0.0.1\n"),
            ("parts/more/y.inc", "interface eth0\npriority 300\n"),
            ("parts/ab.conf", "}\n"),
        ],
    );
    let loaded = load(&directory.0.join("main.conf"), &options());
    let [diagnostic] = loaded.diagnostics.as_slice() else {
        panic!("{:?}", loaded.diagnostics);
    };
    let record = diagnostic.record(&loaded.sources);
    assert_eq!((record.code, record.text.as_str()), ("out-of-range", "300"));
    let position = record.position.unwrap();
    assert!(position.file.ends_with("parts/more/y.inc"), "{position:?}");
    assert_eq!((position.line, position.column), (2, 10));
    let chain: Vec<_> = record
        .included_at
        .iter()
        .map(|at| (at.file.rsplit('/').next().unwrap(), at.line, at.column))
        .collect();
    assert_eq!(chain, [("a.conf", 1, 9), ("main.conf", 2, 11)]);
}

#[test]
fn files_that_include_themselves_are_not_followed() {
    let directory = Directory::new(
        "loop",
        &[
            ("a.conf", "include b.conf\n"),
            ("b.conf", "include a.conf\n"),
        ],
    );
    let loaded = load(&directory.0.join("a.conf"), &options());
    let codes: Vec<_> = loaded.diagnostics.iter().map(|d| d.code.id()).collect();
    assert_eq!(codes, ["include-limit"]);
}

#[test]
fn a_missing_main_file_is_fatal() {
    let loaded = load("/nonexistent/x.conf".as_ref(), &options());
    assert_eq!(places(&loaded), [("unreadable-file", 1, 1)]);
    assert_eq!(loaded.worst(), Some(crate::config::Severity::Fatal));
}

#[test]
fn a_condition_alone_on_its_line_is_no_line() {
    let options = options();
    let mut reader = Reader::new(&options);
    reader.open_text("test.conf", "@node1 \n@^node2 @node1\n");
    assert!(reader.next_line().is_none());
}
