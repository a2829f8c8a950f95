//! Properties of the parser of rules, for any text.

use alloc::string::ToString;

use crate::rules::{Numeric, parse_line, read};

/// Text that is to be rules of ipvsadm: no line is too odd, what is refused is refused at a place in
/// its line, and what is understood is understood again as it is printed.
///
/// # Panics
/// If that does not hold for `text`; octets that are not UTF-8 are replaced by U+FFFD.
pub fn rules(text: &[u8]) {
    let text = alloc::string::String::from_utf8_lossy(text);
    for rule in read(&text, &mut Numeric) {
        let refused = match rule {
            Ok((line, command)) => {
                assert!(text.lines().nth(line - 1).is_some());
                let printed = command.to_string();
                let again = parse_line(&printed, &mut Numeric);
                assert_eq!(again, Ok(Some(command)), "{printed}");
                continue;
            }
            Err(refused) => refused,
        };
        let line = text.lines().nth(refused.line - 1).expect("a line of it");
        assert!((1..=line.chars().count() + 1).contains(&refused.column));
        assert!(!refused.to_string().is_empty());
    }
}
