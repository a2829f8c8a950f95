//! The users that scripts run as.

use nix::errno::Errno;
use nix::unistd::{Group, User, geteuid};

use super::Credentials;

/// Who scripts run as if nothing is said and there is such a user, as with keepalived.
const DEFAULT_USER: &str = "keepalived_script";

/// A user or group cannot be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UserError {
    /// There is none of that name.
    #[error("there is no user {0:?}")]
    NoUser(String),
    /// There is none of that name.
    #[error("there is no group {0:?}")]
    NoGroup(String),
    /// The databases of users and groups cannot be asked.
    #[error("cannot look up {name:?}")]
    Lookup {
        /// The name in question.
        name: String,
        /// Why not.
        source: Errno,
    },
}

/// Looks up users. It may read files and ask name services: not for a loop.
/// The default ones are those of this process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Users {
    default: Option<Credentials>,
}

impl Users {
    /// `default` is `script_user`, with its group. Without one it is `keepalived_script`, and where
    /// there is no such user or this process is not root's, that of this process.
    ///
    /// # Errors
    /// [`UserError`].
    pub fn new(default: Option<(&str, Option<&str>)>) -> Result<Self, UserError> {
        let default = match default {
            Some((user, group)) => Some(credentials(user, group)?),
            None if geteuid().is_root() => match credentials(DEFAULT_USER, None) {
                Ok(credentials) => Some(credentials),
                Err(UserError::NoUser(_)) => None,
                Err(error) => return Err(error),
            },
            None => None,
        };
        Ok(Self { default })
    }

    /// The credentials of `user` with `group`, else with the user's own; the default ones without a
    /// user. `None` for those of this process.
    ///
    /// # Errors
    /// [`UserError`].
    pub fn credentials(
        &self,
        user: Option<&str>,
        group: Option<&str>,
    ) -> Result<Option<Credentials>, UserError> {
        match user {
            Some(user) => credentials(user, group).map(Some),
            None => Ok(self.default),
        }
    }
}

fn credentials(user: &str, group: Option<&str>) -> Result<Credentials, UserError> {
    let failed = |name: &str| {
        let name = name.to_owned();
        move |source| UserError::Lookup { name, source }
    };
    let found = User::from_name(user).map_err(failed(user))?;
    let found = found.ok_or_else(|| UserError::NoUser(user.to_owned()))?;
    let gid = match group {
        None => found.gid,
        Some(group) => {
            let found = Group::from_name(group).map_err(failed(group))?;
            let found = found.ok_or_else(|| UserError::NoGroup(group.to_owned()))?;
            found.gid
        }
    };
    Ok(Credentials {
        uid: found.uid.as_raw(),
        gid: gid.as_raw(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn as_root(gid: u32) -> Option<Credentials> {
        Some(Credentials { uid: 0, gid })
    }

    #[test]
    fn a_user_brings_its_group_unless_another_is_named() {
        let users = Users::new(None).unwrap();
        assert_eq!(users.credentials(Some("root"), None), Ok(as_root(0)));
        assert_eq!(
            users.credentials(Some("root"), Some("daemon")),
            Ok(as_root(1))
        );
    }

    #[test]
    fn the_default_is_that_of_script_user() {
        let users = Users::new(Some(("root", Some("daemon")))).unwrap();
        assert_eq!(users.credentials(None, None), Ok(as_root(1)));
        assert_eq!(users.credentials(Some("root"), None), Ok(as_root(0)));
    }

    #[test]
    fn whoever_is_missing_is_named() {
        let missing = Err(UserError::NoUser("nobody-here".to_owned()));
        assert_eq!(Users::new(Some(("nobody-here", None))), missing);
        let users = Users::new(Some(("root", None))).unwrap();
        let error = users
            .credentials(Some("root"), Some("no-group-here"))
            .unwrap_err();
        assert_eq!(error.to_string(), "there is no group \"no-group-here\"");
    }
}
