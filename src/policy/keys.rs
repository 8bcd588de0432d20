//! The keys of a policy in a configuration file.

/// All keys of a `PolicyConfig`, in the order of its documentation.
pub(super) const KEYS: [&str; 21] = [
    "preset",
    "origins",
    "methods",
    "headers",
    "expose",
    "credentials",
    "max_age",
    "null_origin",
    "file_origin",
    "local_network",
    "mcp_parameters",
    "private_network",
    "timing",
    "preflight_status",
    "enforcement",
    "hosts",
    "read_only",
    "trust_same_origin",
    "dangerously_allow_insecure_origins",
    "dangerously_allow_public_suffixes",
    "dangerously_allow_whole_schemes",
];

/// Returns the key itself, if there is one of this name.
#[cfg(feature = "serde")]
pub(super) fn find(name: &str) -> Option<&'static str> {
    KEYS.into_iter().find(|key| *key == name)
}

/// Returns the key that was probably meant.
///
/// Names of the builder, of the headers and of other layers lead to the key that means the same. Otherwise the key with the
/// fewest typing errors is meant, if at most a third of its letters are wrong.
#[cfg(feature = "serde")]
pub(super) fn nearest(name: &str) -> Option<&'static str> {
    let named = KEYS.into_iter().map(|key| (key, key));
    closest(name, named.chain(OTHER_NAMES))
}

/// Returns what the name means that was probably meant, of names and their meanings.
#[cfg(feature = "serde")]
pub(super) fn closest(
    name: &str,
    known: impl Iterator<Item = (&'static str, &'static str)> + Clone,
) -> Option<&'static str> {
    /// The distance takes time for both lengths.
    const LONGEST: usize = 64;
    if name.len() > LONGEST {
        return None;
    }
    let name = words(name);
    let names = || known.clone();
    let same = names().find(|(other, _)| words(other) == name);
    let near = || {
        let distances = names().map(|(other, key)| (distance(&name, &words(other)), other, key));
        let (typos, other, key) = distances.min_by_key(|(typos, _, _)| *typos)?;
        (typos <= other.len().div_ceil(3).min(4)).then_some((other, key))
    };
    same.or_else(near).map(|(_, key)| key)
}

/// What else people call the keys.
#[cfg(feature = "serde")]
const OTHER_NAMES: [(&str, &str); 31] = [
    ("allow_origin", "origins"),
    ("allow_origins", "origins"),
    ("allowed_origins", "origins"),
    ("access_control_allow_origin", "origins"),
    ("origin_patterns", "origins"),
    ("allow_methods", "methods"),
    ("allowed_methods", "methods"),
    ("access_control_allow_methods", "methods"),
    ("allow_headers", "headers"),
    ("allowed_headers", "headers"),
    ("access_control_allow_headers", "headers"),
    ("request_headers", "headers"),
    ("expose_headers", "expose"),
    ("exposed_headers", "expose"),
    ("access_control_expose_headers", "expose"),
    ("response_headers", "expose"),
    ("allow_credentials", "credentials"),
    ("supports_credentials", "credentials"),
    ("access_control_allow_credentials", "credentials"),
    ("access_control_max_age", "max_age"),
    ("max_age_seconds", "max_age"),
    ("allow_null_origin", "null_origin"),
    ("allow_private_network", "private_network"),
    ("allow_timing", "timing"),
    ("options_success_status", "preflight_status"),
    ("enforce", "enforcement"),
    ("allowed_hosts", "hosts"),
    ("local_hosts", "hosts"),
    (
        "allow_insecure_origins",
        "dangerously_allow_insecure_origins",
    ),
    ("insecure_origins", "dangerously_allow_insecure_origins"),
    ("public_suffixes", "dangerously_allow_public_suffixes"),
];

/// Returns a name in lower case without what is between its words.
#[cfg(feature = "serde")]
fn words(name: &str) -> String {
    let letters = name.chars().filter(|c| !"-_. ".contains(*c));
    letters.collect::<String>().to_lowercase()
}

/// Returns how many typing errors lead from one text to the other: a missing, another or a wrong letter, or two that are
/// swapped.
#[cfg(feature = "serde")]
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut above: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    let mut before = None;
    for (line, letter) in one.chars().enumerate() {
        let mut below = vec![line + 1];
        for (column, wanted) in other.iter().enumerate() {
            let changed = row[column] + usize::from(letter != *wanted);
            let mut typos = changed.min(row[column + 1] + 1).min(below[column] + 1);
            let is_swap = before == Some(*wanted) && column > 0 && other[column - 1] == letter;
            if is_swap {
                typos = typos.min(above[column - 1] + 1);
            }
            below.push(typos);
        }
        above = std::mem::replace(&mut row, below);
        before = Some(letter);
    }
    row[other.len()]
}

#[cfg(all(test, feature = "serde"))]
mod tests {
    use super::*;

    #[test]
    fn a_distance_is_the_number_of_typing_errors() {
        for (one, other, typos) in [
            ("", "", 0),
            ("", "ab", 2),
            ("ab", "", 2),
            ("origins", "origins", 0),
            ("origin", "origins", 1),
            ("orignis", "origins", 1),
            ("oorigins", "origins", 1),
            ("0rigins", "origins", 1),
            ("snigiro", "origins", 4),
        ] {
            assert_eq!(distance(one, other), typos, "{one} {other}");
            assert_eq!(distance(other, one), typos, "{other} {one}");
        }
    }
}
