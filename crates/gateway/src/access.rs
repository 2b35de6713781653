//! Which addresses may be served and which callers are heard at all, before anybody asks who they are.

use axum::http::{HeaderMap, HeaderName, Method, header};
use std::net::{IpAddr, SocketAddr};

/// Who may reach the server. The default is the safe one: this machine only.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// Also serve addresses that other machines can reach. There is no TLS here: put a reverse proxy or a tunnel in
    /// front that has it.
    pub allow_remote: bool,
    /// Host names, beside `localhost` and IP addresses, under which browsers may know the server (a reverse proxy's name).
    pub names: Vec<String>,
}

/// Why a caller is not heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unheard {
    /// The `Host` header names somebody else: DNS rebinding, or a misdirected request.
    Host,
    /// The request was started by another site's page.
    Origin,
    /// A POST that a plain form of another site could have made.
    ContentType,
}

/// What a POST may carry. Forms can send three types without the browser asking first; neither of these is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyKind {
    /// Parameters.
    Json,
    /// A file.
    Bytes,
    /// Whatever a live source sends: its token lies in a header that needs no cookie and that forms cannot set.
    Any,
}

impl BodyKind {
    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Bytes | Self::Any => "application/octet-stream",
        }
    }
}

impl Access {
    /// Refuses an address that other machines can reach, unless that was asked for.
    pub(crate) fn permits_listening(&self, addr: SocketAddr) -> bool {
        self.allow_remote || addr.ip().to_canonical().is_loopback()
    }

    /// Checks what a browser tells truthfully whatever page runs in it: `Host`, `Origin`, `Sec-Fetch-Site`.
    ///
    /// Rebinding needs a *name* that the attacker owns, so IP addresses in `Host` are harmless; on a loopback server
    /// only loopback ones make sense. The port may differ from ours (a forwarded port), since `Origin` has to agree
    /// with `Host` to the letter.
    pub(crate) fn hear(
        &self,
        local: SocketAddr,
        method: &Method,
        headers: &HeaderMap,
        body: BodyKind,
    ) -> Result<(), Unheard> {
        let host = single(headers, &header::HOST).ok_or(Unheard::Host)?;
        if !self.knows_host(local, host) {
            return Err(Unheard::Host);
        }
        if method != Method::POST {
            return Ok(());
        }
        let same_site = match headers.get("sec-fetch-site") {
            Some(site) => site == "same-origin",
            None => true,
        };
        let same_origin = match headers.get(header::ORIGIN) {
            Some(_) => single(headers, &header::ORIGIN)
                .and_then(|origin| origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://")))
                .is_some_and(|origin| origin.eq_ignore_ascii_case(host)),
            None => true,
        };
        if !(same_site && same_origin) {
            return Err(Unheard::Origin);
        }
        if body == BodyKind::Any {
            return Ok(());
        }
        let right = single(headers, &header::CONTENT_TYPE)
            .and_then(|kind| kind.split(';').next())
            .is_some_and(|kind| kind.trim().eq_ignore_ascii_case(body.content_type()));
        if right { Ok(()) } else { Err(Unheard::ContentType) }
    }

    fn knows_host(&self, local: SocketAddr, host: &str) -> bool {
        let name = match host.rsplit_once(':') {
            Some((name, port)) if !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => name,
            _ => host,
        };
        let bare = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
        match bare.parse::<IpAddr>() {
            Ok(ip) => ip.is_loopback() || ip == local.ip() || self.allow_remote,
            Err(_) => {
                name.eq_ignore_ascii_case("localhost")
                    || self.names.iter().any(|known| known.eq_ignore_ascii_case(name))
            }
        }
    }
}

/// The header's value, if it is there exactly once and is text.
pub(crate) fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut all = headers.get_all(name).iter();
    let value = all.next()?.to_str().ok()?;
    all.next().is_none().then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(access: &Access, method: &Method, lines: &[(&'static str, &'static str)]) -> Result<(), Unheard> {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, value.parse().expect("a header value"));
        }
        access.hear(SocketAddr::from(([127, 0, 0, 1], 8000)), method, &headers, BodyKind::Json)
    }

    #[test]
    fn only_names_of_this_machine_are_hosts() {
        let here = Access::default();
        for good in ["127.0.0.1:8000", "localhost:8000", "LocalHost", "[::1]:9", "127.0.0.1"] {
            assert_eq!(heard(&here, &Method::GET, &[("host", good)]), Ok(()), "{good}");
        }
        for bad in
            ["evil.example:8000", "127.0.0.1.evil.example", "localhost.evil.example", "192.168.1.5:8000", "", "[::1"]
        {
            assert_eq!(heard(&here, &Method::GET, &[("host", bad)]), Err(Unheard::Host), "{bad}");
        }
        assert_eq!(heard(&here, &Method::GET, &[]), Err(Unheard::Host));
        assert_eq!(heard(&here, &Method::GET, &[("host", "localhost"), ("host", "evil")]), Err(Unheard::Host));
        let named = Access { allow_remote: true, names: vec!["twin.example".into()] };
        assert_eq!(heard(&named, &Method::GET, &[("host", "twin.example")]), Ok(()));
        assert_eq!(heard(&named, &Method::GET, &[("host", "192.168.1.5:8000")]), Ok(()));
        assert_eq!(heard(&named, &Method::GET, &[("host", "evil.example")]), Err(Unheard::Host));
    }

    #[test]
    fn posts_come_from_our_own_page_and_carry_json() {
        let post = |lines: &[(&'static str, &'static str)]| {
            let mut all = vec![("host", "localhost:8000")];
            all.extend_from_slice(lines);
            heard(&Access::default(), &Method::POST, &all)
        };
        let json = ("content-type", "application/json; charset=utf-8");
        assert_eq!(post(&[json]), Ok(()), "a program without a browser");
        assert_eq!(post(&[json, ("origin", "http://localhost:8000"), ("sec-fetch-site", "same-origin")]), Ok(()));
        for origin in
            ["http://evil.example", "null", "http://localhost:8001", "http://127.0.0.1:8000", "localhost:8000"]
        {
            assert_eq!(post(&[json, ("origin", origin)]), Err(Unheard::Origin), "{origin}");
        }
        for site in ["cross-site", "same-site", "none"] {
            assert_eq!(post(&[json, ("sec-fetch-site", site)]), Err(Unheard::Origin), "{site}");
        }
        for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonx"] {
            assert_eq!(post(&[("content-type", kind)]), Err(Unheard::ContentType), "{kind}");
        }
        assert_eq!(post(&[]), Err(Unheard::ContentType));
    }

    #[test]
    fn other_machines_are_served_only_when_asked_for() {
        let here = Access::default();
        for (addr, permitted) in [
            ("127.0.0.1:0", true),
            ("[::1]:0", true),
            ("0.0.0.0:0", false),
            ("192.168.1.5:80", false),
            ("[::]:0", false),
        ] {
            assert_eq!(here.permits_listening(addr.parse().expect("an address")), permitted, "{addr}");
        }
        let everywhere = Access { allow_remote: true, names: Vec::new() };
        assert!(everywhere.permits_listening(SocketAddr::from(([0, 0, 0, 0], 0))));
    }
}
