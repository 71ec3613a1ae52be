//! What the command lines of several protocols have in common.

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        assert_eq!(address("localhost", 80), "localhost:80");
        assert_eq!(address("127.0.0.1", 80), "127.0.0.1:80");
        assert_eq!(address("::1", 80), "[::1]:80");
        assert_eq!(address("[::1]", 80), "[::1]:80");
    }
}
