//! What the command lines of several protocols have in common.

use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use reference_codecs::UnknownDialect;

/// Takes the name of one of these dialects, and lists the names in the help.
pub(crate) fn dialect<D, const N: usize>(
    all: [D; N],
    name: fn(D) -> &'static str,
) -> impl TypedValueParser<Value = D>
where
    D: std::str::FromStr<Err = UnknownDialect> + Clone + Send + Sync + 'static,
{
    PossibleValuesParser::new(all.map(name)).try_map(|name| name.parse::<D>())
}

/// A host, by name or address, and a port as one address.
pub(crate) fn address(host: &str, port: u16) -> String {
    if host.contains(':') && !host.starts_with('[') {
        format!("[{host}]:{port}")
    } else {
        format!("{host}:{port}")
    }
}

/// The longest time that can be asked for.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// A time of at least a millisecond: `500ms`, `2s`.
pub(crate) fn time(text: &str) -> Result<Duration, String> {
    let parsed = match text.strip_suffix("ms") {
        Some(number) => number.parse().ok().map(Duration::from_millis),
        None => text
            .strip_suffix('s')
            .and_then(|number| number.parse().ok().map(Duration::from_secs)),
    };
    parsed
        .filter(|time| (Duration::from_millis(1)..=LONGEST).contains(time))
        .ok_or_else(|| "write a time such as 500ms or 2s, of a day at most".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_a_unit() {
        assert_eq!(time("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(time("2s"), Ok(Duration::from_secs(2)));
        for wrong in ["", "5", "ms", "s", "0s", "-1s", "1.5s", "86401s", "2 s"] {
            assert!(time(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn addresses() {
        assert_eq!(address("localhost", 80), "localhost:80");
        assert_eq!(address("127.0.0.1", 80), "127.0.0.1:80");
        assert_eq!(address("::1", 80), "[::1]:80");
        assert_eq!(address("[::1]", 80), "[::1]:80");
    }
}
