//! The parser of the command line of `explore`.

use core::time::Duration;

use vrrp_core::explore::{Model, Resigner};
use vrrp_core::{Config, ConfigError, Family, Interval, Settings, Version};

#[derive(Debug, thiserror::Error)]
pub(crate) enum ArgumentError {
    #[error("`{0}` is neither a router nor an option")]
    Unknown(String),
    #[error("`{argument}` is no router: {source}")]
    Config {
        argument: String,
        source: ConfigError,
    },
}

/// The model that the command line describes.
pub(crate) fn model<'a>(
    arguments: impl IntoIterator<Item = &'a str>,
) -> Result<Model, ArgumentError> {
    let mut settings = Settings::new(Version::V3, Family::V4, 51);
    let mut model = Model::new([]);
    for argument in arguments {
        match argument {
            "v2" => settings = Settings::new(Version::V2, Family::V4, 51),
            "answer" => settings.answer_higher = true,
            "deaf" => model.owner_is_deaf = true,
            _ => option(&mut model, settings, argument)?,
        }
    }
    Ok(model)
}

fn option(model: &mut Model, settings: Settings, argument: &str) -> Result<(), ArgumentError> {
    let unknown = || ArgumentError::Unknown(argument.to_owned());
    let Some((name, value)) = argument.split_once('=') else {
        let next = u8::try_from(model.routers.len() + 1).unwrap_or(u8::MAX);
        let (settings, octet) = router(argument, settings, next).ok_or_else(unknown)?;
        let config = Config::try_from(settings).map_err(|source| ArgumentError::Config {
            argument: argument.to_owned(),
            source,
        })?;
        model.routers.push((config, [192, 0, 2, octet].into()));
        return Ok(());
    };
    let numbers: Option<Vec<u64>> = value.split(',').map(|it| it.parse().ok()).collect();
    let numbers = numbers.ok_or_else(unknown)?;
    let first = numbers.first().copied().unwrap_or(0);
    let few = u8::try_from(first).map_err(|_| unknown())?;
    let faults = &mut model.faults;
    match name {
        "drops" => faults.drops = few,
        "duplicates" => faults.duplicates = few,
        "crashes" => faults.crashes = few,
        "shutdowns" => faults.shutdowns = few,
        "outages" => faults.outages = few,
        "pauses" => faults.pauses = few,
        "isolations" => faults.isolations = few,
        "one-way" => faults.one_way = few,
        "delay" => model.delay = Duration::from_millis(first),
        "waits" => model.waits = numbers.into_iter().map(Duration::from_millis).collect(),
        "limit" => model.limit = u32::try_from(first).map_err(|_| unknown())?,
        "resigner" => {
            model.resigner = Some(Resigner {
                router: usize::from(few),
                every: Duration::from_millis(numbers.get(1).copied().ok_or_else(unknown)?),
            });
        }
        _ => return Err(unknown()),
    }
    Ok(())
}

/// PRIORITY[/CENTISECONDS][:OCTET][n|dMILLIS]
fn router(text: &str, mut settings: Settings, next: u8) -> Option<(Settings, u8)> {
    let mut text = text;
    if let Some((rest, delay)) = text.split_once('d') {
        settings.preempt_delay = Duration::from_millis(delay.parse().ok()?);
        text = rest;
    }
    if let Some(rest) = text.strip_suffix('n') {
        settings.preempt = false;
        text = rest;
    }
    let mut octet = next;
    if let Some((rest, address)) = text.split_once(':') {
        octet = address.parse().ok()?;
        text = rest;
    }
    if let Some((rest, interval)) = text.split_once('/') {
        settings.interval = Interval::from_centis(interval.parse().ok()?)?;
        text = rest;
    }
    settings.priority = text.parse().ok()?;
    Some((settings, octet))
}
