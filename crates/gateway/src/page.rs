//! The page's files, inside the program, and the headers that let a browser run them and nothing else.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};

/// Nothing from elsewhere, nothing inline, nothing embedded: what slips into the page as text stays text.
const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
                   base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const SVG: &str = "image/svg+xml";

/// Path, type and text of every file.
const FILES: &[(&str, &str, &str)] = &[
    ("/", HTML, include_str!("../page/index.html")),
    ("/page.css", STYLE, include_str!("../page/page.css")),
    ("/page.js", SCRIPT, include_str!("../page/page.js")),
    ("/ask.js", SCRIPT, include_str!("../page/ask.js")),
    ("/words.js", SCRIPT, include_str!("../page/words.js")),
    ("/axis.js", SCRIPT, include_str!("../page/axis.js")),
    ("/window.js", SCRIPT, include_str!("../page/window.js")),
    ("/timeline.js", SCRIPT, include_str!("../page/timeline.js")),
    ("/draw.js", SCRIPT, include_str!("../page/draw.js")),
    ("/track.js", SCRIPT, include_str!("../page/track.js")),
    ("/streams.js", SCRIPT, include_str!("../page/streams.js")),
    ("/provenance.js", SCRIPT, include_str!("../page/provenance.js")),
    ("/glyph.svg", SVG, include_str!("../page/glyph.svg")),
];

/// The file at `path`, if the page has one.
pub(crate) fn file(path: &str) -> Option<Response> {
    let (_, kind, text) = FILES.iter().find(|(at, _, _)| *at == path)?;
    // A twin is updated in place: the browser has to ask again, and the files are small and near.
    Some(([(header::CONTENT_TYPE, *kind), (header::CACHE_CONTROL, "no-cache")], *text).into_response())
}

/// Puts on the headers that every answer carries.
pub(crate) fn protect(headers: &mut HeaderMap) {
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, CSP),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("permissions-policy"), "camera=(), microphone=(), geolocation=()"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // Whatever did not say otherwise is the owner's data.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_holds_no_inline_code_and_names_no_other_host() {
        for (path, _, text) in FILES {
            let outside = text.replace("http://www.w3.org/2000/svg", "");
            assert!(!outside.contains("http://") && !outside.contains("https://"), "{path} names another host");
            assert!(!text.contains(" style=\"") && !text.contains("onclick="), "{path} has inline code or style");
        }
        let html = FILES[0].2;
        assert!(
            !html.contains("<style")
                && html.matches("<script").count()
                    == html.matches("<script src=").count() + html.matches("<script type=\"module\" src=").count()
        );
    }

    #[test]
    fn every_module_that_is_imported_is_served() {
        for (path, _, text) in FILES {
            for line in text.lines().filter(|line| line.starts_with("import ")) {
                let from = line.split('"').nth(1).expect("import … from \"…\"");
                assert!(file(&from.replacen("./", "/", 1)).is_some(), "{path} imports {from}");
            }
        }
    }
}
