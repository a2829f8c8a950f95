//! The settings of a virtual router, and their validation.

use core::time::Duration;

use crate::{Family, Interval, IntervalError, Priority, Version, Vrid};

/// The parameters of a virtual router, unchecked.
///
/// [`Config::try_from`] is the only way from here to a [`Config`]. More settings may come, so that
/// settings are made by [`new`](Self::new), and changed field by field:
///
/// ```
/// use vrrp_core::{Config, ConfigError, Family, Interval, Settings, Version};
///
/// let mut settings = Settings::new(Version::V3, Family::V4, 51);
/// settings.priority = 150;
/// settings.interval = "500ms".parse::<Interval>().unwrap();
/// assert_eq!(Config::try_from(settings)?.priority().get(), 150);
/// settings.vrid = 0;
/// assert_eq!(Config::try_from(settings), Err(ConfigError::Vrid));
/// # Ok::<(), ConfigError>(())
/// ```
///
/// With the feature `serde` only the identifier and the family have to be written; what is absent
/// is as [`Settings::new`] has it for the version, which is 3 if absent. As TOML:
///
/// ```toml
/// vrid = 51
/// family = "ipv4"
/// priority = 150
/// interval = "500ms"
/// preempt-delay = "30s"
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(from = "written::Settings", into = "written::Settings")
)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
#[non_exhaustive]
pub struct Settings {
    /// Protocol version.
    pub version: Version,
    /// Address family of the virtual router.
    pub family: Family,
    /// Virtual router identifier, 1..=255.
    pub vrid: u8,
    /// Configured priority, 1..=255; 255 owns the addresses (RFC 9568 §5.2.4).
    pub priority: u8,
    /// Advertisement interval: at most 40.95 s in version 3, whole seconds in version 2.
    pub interval: Interval,
    /// Whether a higher priority takes over from a live lower one (RFC 9568 §6.1, Preempt_Mode).
    pub preempt: bool,
    /// How long a backup tolerates a lower-priority Active Router before it preempts; zero for at
    /// once (RFC 8347 `preempt/hold-time`). At most a day.
    pub preempt_delay: Duration,
    /// Whether an Active Router that is not the owner accepts packets to the virtual addresses
    /// (RFC 9568 §6.1, Accept_Mode).
    pub accept: bool,
    /// The number of advertisement intervals without an advertisement after which the Active Router
    /// is down, 1..=100; 3 in the RFCs.
    pub down_multiplier: u8,
    /// Whether an Active Router answers a losing advertisement with its own
    /// (RFC 9568 §6.4.3; RFC 5798 and RFC 3768 discard silently).
    pub answer_lower: bool,
    /// Whether an Active Router that yields sends one more advertisement first, so that the
    /// winner's neighbours learn of the contest. Not where the winner's interval differs, as
    /// backups would learn the loser's. Off in the RFCs.
    pub answer_higher: bool,
}

impl Settings {
    /// The defaults of RFC 9568 §6.1 (version 3) or RFC 3768 §6.1 (version 2) for one virtual
    /// router.
    #[must_use]
    pub const fn new(version: Version, family: Family, vrid: u8) -> Self {
        Self {
            version,
            family,
            vrid,
            priority: Priority::DEFAULT.get(),
            interval: Interval::DEFAULT,
            preempt: true,
            preempt_delay: Duration::ZERO,
            accept: false,
            down_multiplier: 3,
            answer_lower: matches!(version, Version::V3),
            answer_higher: false,
        }
    }
}

/// The settings as they are written in a file.
#[cfg(feature = "serde")]
mod written {
    use super::{Duration, Family, Version};
    use crate::Interval;

    #[derive(serde::Serialize, serde::Deserialize)]
    #[serde(deny_unknown_fields, rename_all = "kebab-case")]
    pub(super) struct Settings {
        #[serde(default = "version_3")]
        version: Version,
        family: Family,
        vrid: u8,
        priority: Option<u8>,
        interval: Option<Interval>,
        preempt: Option<bool>,
        #[serde(default, with = "crate::text::optional_span")]
        preempt_delay: Option<Duration>,
        accept: Option<bool>,
        down_multiplier: Option<u8>,
        answer_lower: Option<bool>,
        answer_higher: Option<bool>,
    }

    const fn version_3() -> Version {
        Version::V3
    }

    impl From<Settings> for super::Settings {
        fn from(written: Settings) -> Self {
            let default = Self::new(written.version, written.family, written.vrid);
            Self {
                priority: written.priority.unwrap_or(default.priority),
                interval: written.interval.unwrap_or(default.interval),
                preempt: written.preempt.unwrap_or(default.preempt),
                preempt_delay: written.preempt_delay.unwrap_or(default.preempt_delay),
                accept: written.accept.unwrap_or(default.accept),
                down_multiplier: written.down_multiplier.unwrap_or(default.down_multiplier),
                answer_lower: written.answer_lower.unwrap_or(default.answer_lower),
                answer_higher: written.answer_higher.unwrap_or(default.answer_higher),
                ..default
            }
        }
    }

    impl From<super::Settings> for Settings {
        fn from(settings: super::Settings) -> Self {
            Self {
                version: settings.version,
                family: settings.family,
                vrid: settings.vrid,
                priority: Some(settings.priority),
                interval: Some(settings.interval),
                preempt: Some(settings.preempt),
                preempt_delay: Some(settings.preempt_delay),
                accept: Some(settings.accept),
                down_multiplier: Some(settings.down_multiplier),
                answer_lower: Some(settings.answer_lower),
                answer_higher: Some(settings.answer_higher),
            }
        }
    }
}

/// The validated parameters of a virtual router.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "Settings", into = "Settings"))]
pub struct Config {
    version: Version,
    family: Family,
    vrid: Vrid,
    priority: Priority,
    interval: Interval,
    preempt: bool,
    preempt_delay: Duration,
    accept: bool,
    down_multiplier: u8,
    answer_lower: bool,
    answer_higher: bool,
}

impl Config {
    /// Longest accepted preempt delay.
    pub const MAX_PREEMPT_DELAY: Duration = Duration::from_secs(86_400);
    /// Largest accepted down multiplier.
    pub const MAX_DOWN_MULTIPLIER: u8 = 100;

    /// Protocol version.
    #[must_use]
    pub const fn version(&self) -> Version {
        self.version
    }

    /// Address family.
    #[must_use]
    pub const fn family(&self) -> Family {
        self.family
    }

    /// Virtual router identifier.
    #[must_use]
    pub const fn vrid(&self) -> Vrid {
        self.vrid
    }

    /// Configured priority, before tracking.
    #[must_use]
    pub const fn priority(&self) -> Priority {
        self.priority
    }

    /// Configured Advertisement_Interval.
    #[must_use]
    pub const fn interval(&self) -> Interval {
        self.interval
    }

    /// Whether this router preempts: Preempt_Mode, and always for the owner (RFC 9568 §6.1).
    #[must_use]
    pub const fn preempt(&self) -> bool {
        self.preempt || self.priority.is_owner()
    }

    /// How long a lower-priority Active Router is tolerated; zero for the owner.
    #[must_use]
    pub const fn preempt_delay(&self) -> Duration {
        if self.priority.is_owner() {
            Duration::ZERO
        } else {
            self.preempt_delay
        }
    }

    /// Whether packets to the virtual addresses are accepted while Active: Accept_Mode, and always
    /// for the owner (RFC 9568 §6.4.3).
    #[must_use]
    pub const fn accept(&self) -> bool {
        self.accept || self.priority.is_owner()
    }

    /// The number of intervals without an advertisement after which the Active Router is down.
    #[must_use]
    pub const fn down_multiplier(&self) -> u8 {
        self.down_multiplier
    }

    /// Whether a losing advertisement is answered.
    #[must_use]
    pub const fn answer_lower(&self) -> bool {
        self.answer_lower
    }

    /// Whether a winning advertisement is answered before yielding.
    #[must_use]
    pub const fn answer_higher(&self) -> bool {
        self.answer_higher
    }
}

impl TryFrom<Settings> for Config {
    type Error = ConfigError;

    fn try_from(settings: Settings) -> Result<Self, ConfigError> {
        if settings.version == Version::V2 && settings.family == Family::V6 {
            return Err(ConfigError::V2OverIpv6);
        }
        if settings.preempt_delay > Self::MAX_PREEMPT_DELAY {
            return Err(ConfigError::PreemptDelay {
                delay: settings.preempt_delay,
            });
        }
        if !(1..=Self::MAX_DOWN_MULTIPLIER).contains(&settings.down_multiplier) {
            return Err(ConfigError::DownMultiplier {
                multiplier: settings.down_multiplier,
            });
        }
        Ok(Self {
            version: settings.version,
            family: settings.family,
            vrid: Vrid::new(settings.vrid).ok_or(ConfigError::Vrid)?,
            priority: Priority::new(settings.priority).ok_or(ConfigError::Priority)?,
            interval: settings.interval.check(settings.version)?,
            preempt: settings.preempt,
            preempt_delay: settings.preempt_delay,
            accept: settings.accept,
            down_multiplier: settings.down_multiplier,
            answer_lower: settings.answer_lower,
            answer_higher: settings.answer_higher,
        })
    }
}

impl From<Config> for Settings {
    fn from(config: Config) -> Self {
        Self {
            version: config.version,
            family: config.family,
            vrid: config.vrid.get(),
            priority: config.priority.get(),
            interval: config.interval,
            preempt: config.preempt,
            preempt_delay: config.preempt_delay,
            accept: config.accept,
            down_multiplier: config.down_multiplier,
            answer_lower: config.answer_lower,
            answer_higher: config.answer_higher,
        }
    }
}

/// Settings that no virtual router can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// VRID 0 (RFC 9568 §6.1).
    #[error("virtual router identifier 0 is outside 1..=255")]
    Vrid,
    /// Priority 0, which only a resigning router sends (RFC 9568 §5.2.4).
    #[error("priority 0 is outside 1..=255")]
    Priority,
    /// The interval does not fit the version (RFC 9568 §6.1).
    #[error(transparent)]
    Interval(#[from] IntervalError),
    /// VRRPv2 is defined for IPv4 only (RFC 3768 §1).
    #[error("VRRPv2 has no IPv6 form")]
    V2OverIpv6,
    /// More than a day.
    #[error("preempt delay of {}s is longer than a day", delay.as_secs())]
    PreemptDelay {
        /// The delay asked for.
        delay: Duration,
    },
    /// Zero or more than 100.
    #[error("down multiplier {multiplier} is outside 1..=100")]
    DownMultiplier {
        /// The multiplier asked for.
        multiplier: u8,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> Settings {
        Settings::new(Version::V3, Family::V4, 51)
    }

    #[test]
    fn defaults_are_those_of_the_rfcs() {
        let config = Config::try_from(settings()).unwrap();
        assert_eq!(config.priority(), Priority::DEFAULT);
        assert_eq!(config.interval().centis(), 100);
        assert!(config.preempt());
        assert!(!config.accept());
        assert!(config.answer_lower());
        assert!(!config.answer_higher());
        let v2 = Config::try_from(Settings::new(Version::V2, Family::V4, 51)).unwrap();
        assert!(!v2.answer_lower());
    }

    #[test]
    fn the_owner_preempts_at_once_and_accepts_whatever_the_flags_say() {
        let config = Config::try_from(Settings {
            priority: 255,
            preempt: false,
            preempt_delay: Duration::from_secs(30),
            accept: false,
            ..settings()
        })
        .unwrap();
        assert!(config.preempt());
        assert!(config.accept());
        assert_eq!(config.preempt_delay(), Duration::ZERO);
    }

    fn centis(centis: u16) -> Interval {
        Interval::from_centis(centis).unwrap()
    }

    #[test]
    fn refuses_what_cannot_be_sent() {
        let refusal = |change: fn(&mut Settings)| {
            let mut settings = settings();
            change(&mut settings);
            Config::try_from(settings).unwrap_err()
        };
        let interval = ConfigError::Interval;
        let delay = Duration::from_secs(86_401);
        assert_eq!(refusal(|s| s.vrid = 0), ConfigError::Vrid);
        assert_eq!(refusal(|s| s.priority = 0), ConfigError::Priority);
        assert_eq!(
            refusal(|s| s.interval = centis(4096)),
            interval(IntervalError::TooLong { centis: 4096 })
        );
        assert_eq!(
            refusal(|s| (s.version, s.interval) = (Version::V2, centis(150))),
            interval(IntervalError::SubSecond { centis: 150 })
        );
        assert_eq!(
            refusal(|s| (s.version, s.family) = (Version::V2, Family::V6)),
            ConfigError::V2OverIpv6
        );
        assert_eq!(
            refusal(|s| s.down_multiplier = 0),
            ConfigError::DownMultiplier { multiplier: 0 }
        );
        assert_eq!(
            refusal(|s| s.down_multiplier = 101),
            ConfigError::DownMultiplier { multiplier: 101 }
        );
        assert_eq!(
            refusal(|s| s.preempt_delay = Duration::from_secs(86_401)),
            ConfigError::PreemptDelay { delay }
        );
    }

    #[test]
    fn settings_survive_validation_at_their_extremes() {
        let settings = Settings {
            interval: Interval::MAX_V3,
            preempt_delay: Duration::from_secs(86_400),
            down_multiplier: 100,
            answer_higher: true,
            ..settings()
        };
        assert_eq!(
            Settings::from(Config::try_from(settings).unwrap()),
            settings
        );
    }
}
