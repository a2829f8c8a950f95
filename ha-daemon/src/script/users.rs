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
    /// Scripts do not run as root by default with `enable_script_security`.
    #[error("there is no `script_user` and no user \"{DEFAULT_USER}\"")]
    NoDefault,
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Users {
    default: Result<Option<Credentials>, UserError>,
}

impl Users {
    /// `default` is `script_user`, with its group. Without one it is `keepalived_script`, and where
    /// there is no such user or this process is not root's, that of this process; but not that of root
    /// if scripts are to be `secure` (`enable_script_security`).
    #[must_use]
    pub fn new(default: Option<(&str, Option<&str>)>, secure: bool) -> Self {
        let default = match default {
            Some((user, group)) => credentials(user, group).map(Some),
            None if geteuid().is_root() => match credentials(DEFAULT_USER, None) {
                Ok(credentials) => Ok(Some(credentials)),
                Err(UserError::NoUser(_)) if secure => Err(UserError::NoDefault),
                Err(UserError::NoUser(_)) => Ok(None),
                Err(error) => Err(error),
            },
            None => Ok(None),
        };
        Self { default }
    }

    /// Why scripts that name no user cannot run.
    #[must_use]
    pub fn lack(&self) -> Option<&UserError> {
        self.default.as_ref().err()
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
            None => self.default.clone(),
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
        let users = Users::new(None, false);
        assert_eq!(users.credentials(Some("root"), None), Ok(as_root(0)));
        assert_eq!(
            users.credentials(Some("root"), Some("daemon")),
            Ok(as_root(1))
        );
    }

    #[test]
    fn the_default_is_that_of_script_user() {
        let users = Users::new(Some(("root", Some("daemon"))), true);
        assert_eq!(users.lack(), None);
        assert_eq!(users.credentials(None, None), Ok(as_root(1)));
        assert_eq!(users.credentials(Some("root"), None), Ok(as_root(0)));
    }

    #[test]
    fn whoever_is_missing_is_named_and_others_can_be_had() {
        let missing = UserError::NoUser("nobody-here".to_owned());
        let users = Users::new(Some(("nobody-here", None)), false);
        assert_eq!(users.lack(), Some(&missing));
        assert_eq!(users.credentials(None, None), Err(missing));
        assert_eq!(users.credentials(Some("root"), None), Ok(as_root(0)));
        let error = users
            .credentials(Some("root"), Some("no-group-here"))
            .unwrap_err();
        assert_eq!(error.to_string(), "there is no group \"no-group-here\"");
    }
}
