//! From files to a syntax tree: preprocessor, lexer and tree of keywords.

pub(super) mod blank;
pub(super) mod include;
pub(super) mod invisible;
pub(super) mod lexer;
pub(super) mod line;
pub(super) mod macros;
pub(super) mod plain;
pub(super) mod reader;
pub(super) mod secrets;
pub(super) mod sequence;
pub(super) mod shared;
pub(super) mod source;
pub(super) mod tape;
pub(super) mod tree;
