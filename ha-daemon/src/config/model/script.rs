//! Scripts, and the users they run as.

use super::written::Written;

/// A program with its arguments, and as whom to run it. No shell is involved.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Script {
    /// The program and its arguments; never empty.
    pub command: Vec<String>,
    /// The user; the default one of scripts if absent.
    pub user: Option<String>,
    /// The group; that of the user if absent.
    pub group: Option<String>,
    /// Where the user was written, else the command.
    pub at: Written,
}

/// Who runs scripts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ScriptUser {
    /// The name of the user.
    pub user: String,
    /// The name of the group; that of the user if absent.
    pub group: Option<String>,
    /// Where the user was written.
    pub at: Written,
}
