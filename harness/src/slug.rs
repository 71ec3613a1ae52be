use crate::stable_hash::stable_hash;

/// The longest slug without the hash that may follow it.
const MAX: usize = 72;

/// A part of a file name for a text: the same in every run and on every system, and different for
/// different texts. Where letters are lost or changed, a hash of the text follows.
pub(crate) fn slug(text: &str) -> String {
    let mut slug = String::new();
    for c in text.chars() {
        if c.is_ascii_alphanumeric() {
            slug.push(c.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
        if slug.len() >= MAX {
            break;
        }
    }
    let slug = slug.trim_end_matches('-');
    if slug.replace('-', " ") == text {
        return slug.to_owned();
    }
    let hash = stable_hash(text);
    let sep = if slug.is_empty() { "" } else { "-" };
    // 32 bits are enough to tell titles with the same letters apart.
    format!("{slug}{sep}{:08x}", (hash >> 32) ^ (hash & 0xffff_ffff))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn file_names_are_readable_and_stable() {
        assert_eq!(slug("a name is free again"), "a-name-is-free-again");
        assert_eq!(slug("a name [how=fin]"), "a-name-how-fin-0d74bc27");
        assert_eq!(slug(""), "");
        assert!(slug(&"long title ".repeat(50)).len() <= MAX + 9);
        assert!(slug("日本語").is_ascii());
    }

    #[test]
    fn different_titles_have_different_names() {
        let long = "x".repeat(500);
        let longer = "x".repeat(501);
        let titles = [
            "a b", "a-b", "a  b", "A b", "a b.", " a b", "a b ", "a, b", "é", "日", "[", &long,
            &longer,
        ];
        let slugs: BTreeSet<String> = titles.iter().map(|title| slug(title)).collect();
        assert_eq!(slugs.len(), titles.len());
    }
}
