use std::borrow::Cow;
use std::net::{SocketAddr, ToSocketAddrs as _};

use super::arguments::RunArgs;
use crate::plan::Suite;
use crate::run::{CLIENT_PLACEHOLDERS, PLACEHOLDERS, Target};

/// What the flags say is judged.
///
/// # Errors
/// One sentence about what is wrong with them.
pub(super) fn target(arguments: &RunArgs, suites: &[Suite]) -> Result<Target, String> {
    if let Some(text) = &arguments.target {
        return Ok(Target::Attach {
            address: address(text)?,
        });
    }
    if let Some(command) = &arguments.client {
        return client(command, suites);
    }
    let Some(command) = &arguments.spawn else {
        return Ok(Target::Embedded { fault: None });
    };
    let words = words_of("--spawn", command)?;
    let uses_port = words.iter().any(|word| word.contains("{port}"));
    if !uses_port && arguments.port.is_none() {
        return Err("--spawn: the command does not say where {port} goes; \
                    a server that always listens on one port needs --port PORT"
            .to_owned());
    }
    check_placeholders("--spawn", &words, PLACEHOLDERS, suites)?;
    Ok(Target::Spawn {
        words,
        fixed_port: arguments.port,
    })
}

fn client(command: &str, suites: &[Suite]) -> Result<Target, String> {
    let words = words_of("--client", command)?;
    if !words.iter().any(|word| word.contains("{port}")) {
        return Err("--client: the command does not say where {port} goes".to_owned());
    }
    check_placeholders("--client", &words, CLIENT_PLACEHOLDERS, suites)?;
    Ok(Target::Client { words })
}

fn words_of(flag: &str, command: &str) -> Result<Vec<String>, String> {
    shlex::split(command)
        .filter(|words| !words.is_empty())
        .ok_or_else(|| format!("{flag}: the command is empty or a quote is not closed"))
}

/// How many scenarios run at once when nobody says so.
pub(super) fn default_jobs(target: &Target) -> usize {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    match target {
        Target::Embedded { .. } => 32,
        Target::Attach { .. }
        | Target::Spawn {
            fixed_port: Some(_),
            ..
        } => 1,
        Target::Spawn {
            fixed_port: None, ..
        }
        | Target::Client { .. } => (cores * 2).clamp(2, 16),
    }
}

/// The target in words.
pub(super) fn words(target: &Target) -> String {
    match target {
        Target::Embedded { .. } => "the embedded reference server".to_owned(),
        Target::Attach { address } => address.to_string(),
        Target::Spawn { words, .. } | Target::Client { words } => {
            let words: Vec<String> = words.iter().map(|word| as_typed(word)).collect();
            format!("`{}`", words.join(" "))
        }
    }
}

/// A word as people type it: braces need no quotes in `--spawn`.
fn as_typed(word: &str) -> String {
    let bare = word.replace(['{', '}'], "");
    match shlex::try_quote(&bare) {
        Ok(quoted) if quoted == bare => word.to_owned(),
        _ => shlex::try_quote(word).map_or_else(|_| word.to_owned(), Cow::into_owned),
    }
}

/// `127.0.0.1:9001`, `localhost:9001`, `[::1]:9001`; a port alone is on this machine.
fn address(text: &str) -> Result<SocketAddr, String> {
    let text = text.trim();
    let full = match text.strip_prefix(':').unwrap_or(text).parse::<u16>() {
        Ok(port) => format!("127.0.0.1:{port}"),
        Err(_) => text.to_owned(),
    };
    let wrong = |reason: String| {
        format!("--target {text}: {reason}; write HOST:PORT, for example 127.0.0.1:9001")
    };
    let mut addresses: Vec<SocketAddr> = full
        .to_socket_addrs()
        .map_err(|error| wrong(error.to_string()))?
        .collect();
    addresses.sort_by_key(SocketAddr::is_ipv6);
    let address = addresses.into_iter().next();
    let address = address.ok_or_else(|| wrong("the host has no address".to_owned()))?;
    if address.port() == 0 {
        return Err(wrong("port 0 is no server's port".to_owned()));
    }
    Ok(address)
}

fn check_placeholders(
    flag: &str,
    words: &[String],
    known: &[&'static str],
    suites: &[Suite],
) -> Result<(), String> {
    let mut known: Vec<&str> = known.to_vec();
    for suite in suites {
        known.extend(suite.protocol.params.keys().map(|name| &**name));
    }
    for word in words {
        for name in placeholders(word) {
            if !known.contains(&name) {
                let known = known.join("}, {");
                return Err(format!(
                    "{flag}: nothing is known as {{{name}}}; there are {{{known}}}"
                ));
            }
        }
    }
    Ok(())
}

/// Names in braces that look like placeholders.
fn placeholders(word: &str) -> impl Iterator<Item = &str> {
    let named = |part: &&str| {
        !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    word.split('{')
        .skip(1)
        .filter_map(|part| part.split_once('}'))
        .map(|(name, _)| name)
        .filter(named)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_addresses_or_ports() {
        for text in ["9001", ":9001", "127.0.0.1:9001", "localhost:9001"] {
            assert_eq!(
                address(text).unwrap().to_string(),
                "127.0.0.1:9001",
                "{text}"
            );
        }
        assert_eq!(address("[::1]:9001").unwrap().to_string(), "[::1]:9001");
        for text in [
            "",
            "localhost",
            "127.0.0.1",
            "127.0.0.1:x",
            "127.0.0.1:70000",
            "0",
            "a b:1",
        ] {
            assert!(address(text).unwrap_err().contains("HOST:PORT"), "{text}");
        }
    }

    #[test]
    fn only_names_in_braces_are_placeholders() {
        let found: Vec<&str> = placeholders("-p{port} {} { x } {log}{a-b}").collect();
        assert_eq!(found, ["port", "log"]);
    }
}
