//! A place on the web that somebody has: a domain, or a path of one. `did:web` names it and `did:webvh` stands on it.

use didymos_base::Did;
use std::fmt;
use std::str::FromStr;

/// The longest domain name of the DNS, in characters.
const DOMAIN_MAX: usize = 253;
const LABEL_MAX: usize = 63;
const SEGMENTS_MAX: usize = 4;

/// A domain such as `example.org`, or a path of one such as `example.org/people/ann`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WebPlace {
    domain: String,
    path: Vec<String>,
}

/// The text names no place on the web.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a domain: expected one like example.org or example.org/people/ann, without scheme, port or address")]
pub struct NotAPlace;

impl WebPlace {
    /// The domain, in lower case.
    #[must_use]
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// Where on the domain `file` lies: `.well-known/` where there is no path.
    #[must_use]
    pub fn path_of(&self, file: &str) -> String {
        if self.path.is_empty() { format!(".well-known/{file}") } else { format!("{}/{file}", self.path.join("/")) }
    }

    /// The URL below which other files of the place lie, with a slash at its end.
    #[must_use]
    pub fn base_url(&self) -> String {
        self.path.iter().fold(format!("https://{}/", self.domain), |url, segment| format!("{url}{segment}/"))
    }

    /// The `did:web` identifier.
    #[must_use]
    pub fn did(&self) -> Did {
        self.under("did:web")
    }

    /// The identifier that begins with `method` and more, and ends with this place.
    pub(crate) fn under(&self, method: &str) -> Did {
        let text = self.path.iter().fold(format!("{method}:{}", self.domain), |id, segment| format!("{id}:{segment}"));
        match text.parse() {
            Ok(did) => did,
            // Letters, digits, dots, hyphens and underscores, and not too many: see `from_str`.
            Err(error) => unreachable!("a place makes a well formed DID: {error}"),
        }
    }
}

impl fmt::Display for WebPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.domain)?;
        self.path.iter().try_for_each(|segment| write!(f, "/{segment}"))
    }
}

impl FromStr for WebPlace {
    type Err = NotAPlace;

    fn from_str(text: &str) -> Result<Self, NotAPlace> {
        let mut parts = text.trim().trim_end_matches('/').split('/');
        let domain = parts.next().unwrap_or_default().to_ascii_lowercase();
        let is_label = |label: &str| {
            (1..=LABEL_MAX).contains(&label.len())
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        // The last label of an IPv4 address, in whatever spelling, begins with a digit; that of a domain never does.
        let last_is_name = domain.rsplit('.').next().is_some_and(|last| last.starts_with(|c: char| c.is_alphabetic()));
        let is_domain = domain.len() <= DOMAIN_MAX && domain.contains('.') && domain.split('.').all(is_label);
        let path: Vec<String> = parts.map(str::to_owned).collect();
        let is_segment = |segment: &String| {
            (1..=LABEL_MAX).contains(&segment.len())
                && segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        };
        let sound = is_domain && last_is_name && path.len() <= SEGMENTS_MAX && path.iter().all(is_segment);
        // The longest DID that there may be has room for this beside a method and a hash.
        if sound && text.len() <= 400 { Ok(Self { domain, path }) } else { Err(NotAPlace) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_place_gives_the_did_and_the_files_of_the_method() {
        let place: WebPlace = "Example.ORG/".parse().expect("a domain");
        assert_eq!(place.did().as_str(), "did:web:example.org");
        assert_eq!(place.path_of("did.json"), ".well-known/did.json");
        assert_eq!(place.base_url(), "https://example.org/");
        let place: WebPlace = "example.org/people/ann".parse().expect("a path");
        assert_eq!(place.did().as_str(), "did:web:example.org:people:ann");
        assert_eq!(place.path_of("did.json"), "people/ann/did.json");
        assert_eq!(
            (place.base_url().as_str(), place.to_string().as_str()),
            ("https://example.org/people/ann/", "example.org/people/ann")
        );
    }

    #[test]
    fn what_is_no_domain_is_refused() {
        for odd in [
            "",
            "localhost",
            "127.0.0.1",
            "0x7f.1",
            "[::1]",
            "example.org:8443",
            "https://example.org",
            "-a.org",
            "a-.org",
            "a..org",
            "example.org/../x",
            "example.org/a/b/c/d/e",
            "example.org/a?b",
            "exämple.org",
            "a@example.org",
            "1.2.3.0x4",
        ] {
            assert_eq!(odd.parse::<WebPlace>(), Err(NotAPlace), "{odd}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics_and_a_place_says_itself(text in "[a-zA-Z0-9./:_-]{0,300}") {
            if let Ok(place) = text.parse::<WebPlace>() {
                prop_assert_eq!(place.to_string().parse::<WebPlace>(), Ok(place.clone()));
                prop_assert!(place.did().as_str().starts_with("did:web:"));
            }
        }
    }
}
