//! Which addresses on the web may be named at all. Names are checked here, before a playbook that holds them is
//! published and again before each request; what they resolve to is checked where connections are made.

mod address;

use std::net::{IpAddr, Ipv4Addr};

use url::{Host, Url};

pub use address::is_public;

/// A target is not one we connect to; says why, without the target itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotAllowed(&'static str);

impl NotAllowed {
    /// The reason in words.
    pub fn why(self) -> &'static str {
        self.0
    }
}

/// Whether `127.0.0.1` and `localhost` may be reached, on any port and also without TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LocalTargets {
    /// They may: for tests only.
    Allowed,
    /// They may not.
    Refused,
}

/// HTTPS, and its usual alternative.
const PORTS: [u16; 2] = [443, 8443];

/// The last labels of names that mean something on private networks only. With `internal` goes the metadata service of
/// Google's cloud.
const CLOSED_ENDINGS: [&str; 6] = ["localhost", "localdomain", "local", "internal", "lan", "home.arpa"];

/// Reads a target's address the way the HTTP client does, by the same parser, and refuses what must not be reached:
/// all but HTTPS on its two ports, names with a login, hosts that are not public. The host, when it is a name, may
/// still turn out to be private; that shows when it is resolved.
///
/// # Errors
///
/// [`NotAllowed`] says which of these it was.
pub fn check_url(text: &str, local: LocalTargets) -> Result<Url, NotAllowed> {
    let url = Url::parse(text).map_err(|_| NotAllowed("not an absolute URL"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(NotAllowed("the URL contains a login"));
    }
    let host = url.host().ok_or(NotAllowed("the URL names no host"))?;
    if local == LocalTargets::Allowed && is_local(&host) && ["http", "https"].contains(&url.scheme()) {
        return Ok(url);
    }
    if url.scheme() != "https" {
        return Err(NotAllowed("not https"));
    }
    if !url.port_or_known_default().is_some_and(|port| PORTS.contains(&port)) {
        return Err(NotAllowed("the port is neither 443 nor 8443"));
    }
    let open = match host {
        Host::Domain(name) => is_open_name(name),
        Host::Ipv4(address) => is_public(IpAddr::V4(address)),
        Host::Ipv6(address) => is_public(IpAddr::V6(address)),
    };
    if open { Ok(url) } else { Err(NotAllowed("the host is not on the open internet")) }
}

fn is_local(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == LOCALHOST,
        Host::Ipv4(address) => *address == Ipv4Addr::LOCALHOST,
        Host::Ipv6(_) => false,
    }
}

/// The one name that [`LocalTargets::Allowed`] lets through.
pub const LOCALHOST: &str = "localhost";

/// Whether a name, as the URL parser gives it (lower case, ASCII), can be a public host's.
fn is_open_name(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    let closed =
        |ending: &&str| name.strip_suffix(ending).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    // No name has an empty label, and none ends in a number: with two dots behind it, an address is taken for one.
    let last = name.rsplit('.').next().unwrap_or_default();
    let is_name = name.split('.').all(|label| !label.is_empty()) && !last.bytes().all(|b| b.is_ascii_digit());
    // A single label would be looked up in the network's own search domains.
    is_name && name.contains('.') && !CLOSED_ENDINGS.iter().any(closed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str, local: LocalTargets) -> bool {
        check_url(text, local).is_err()
    }

    #[test]
    fn hosts_that_are_not_public_are_refused_in_every_spelling() {
        for host in [
            "169.254.169.254",
            "[fd00:ec2::254]",
            "127.0.0.1",
            "127.0.0.1.",
            "127.0.0.1..",
            "127.0.0.1...",
            "ok..com",
            "ok.com..",
            "0",
            "0x7f.1",
            "0X7F.0.0.1",
            "2130706433",
            "017700000001",
            "0177.0.0.1",
            "127.1",
            "127.0.1",
            "[::]",
            "[::1]",
            "[0:0:0:0:0:0:0:1]",
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
            "[64:ff9b::7f00:1]",
            "[2002:7f00:1::]",
            "[2001:0:4136:e378:8000:63bf:3fff:fdd2]",
            "10.0.0.1",
            "172.16.0.1",
            "192.168.0.1",
            "100.64.0.1",
            "198.18.0.1",
            "240.0.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "169.254.100.1:9001",
            "127.0.0.1:9001",
            "127。0。0。1",
            "①②⑦.0.0.1",
            "%31%32%37.0.0.1",
            "localhost",
            "LOCALHOST",
            "localhost.",
            "api.localhost",
            "localhost.localdomain",
            "ⓛocalhost",
            "metadata.google.internal",
            "metadata.google.internal.",
            "Metadata.Google.Internal",
            "ip-10-0-0-1.ec2.internal",
            "internal",
            "printer.local",
            "router.lan",
            "nas.home.arpa",
            "intranet",
            "intranet.",
        ] {
            for text in [format!("https://{host}/hook"), format!("http://{host}/hook")] {
                assert!(refused(&text, LocalTargets::Refused), "{text}");
            }
        }
    }

    #[test]
    fn all_but_https_on_its_ports_is_refused() {
        for text in [
            "",
            "hooks.example.com/x",
            "/x",
            "//hooks.example.com/x",
            "https://",
            "https:",
            "http://ok.com/",
            "http://ok.com:443/",
            "http://ok.com:22/",
            "https://ok.com:22/",
            "https://ok.com:80/",
            "https://ok.com:0/",
            "https://ok.com:9001/",
            "https://ok.com:65536/",
            "file:///etc/passwd",
            "file://ok.com/x",
            "gopher://ok.com/",
            "ftp://ok.com/",
            "ws://ok.com/",
            "wss://ok.com/",
            "data:text/plain,x",
            "javascript:alert(1)",
            "https://user@ok.com/",
            "https://user:pw@ok.com/",
            "https://:pw@ok.com/",
            "https://user:pw@ok.com@10.0.0.1/",
            "https://ok.com@10.0.0.1/",
            "https://10.0.0.1#@ok.com/",
            "https://10.0.0.1\\@ok.com/",
            "https://a b.com/",
            "https://[::1/",
            "https://ok.com:44 3/",
        ] {
            assert!(refused(text, LocalTargets::Refused), "{text}");
            assert!(refused(text, LocalTargets::Allowed), "{text}");
        }
    }

    #[test]
    fn public_hosts_are_let_through_as_the_parser_spells_them() {
        for (text, spelled) in [
            ("https://hooks.example.com/x?y=1", "https://hooks.example.com/x?y=1"),
            ("https://hooks.example.com:443/", "https://hooks.example.com/"),
            ("https://hooks.example.com:8443/", "https://hooks.example.com:8443/"),
            ("HTTPS://Bücher.Example/", "https://xn--bcher-kva.example/"),
            ("https://ok.com./", "https://ok.com./"),
            ("https://8.8.8.8/", "https://8.8.8.8/"),
            ("https://0x08080808/", "https://8.8.8.8/"),
            ("https://[2606:4700::1111]/", "https://[2606:4700::1111]/"),
            // Names that only look like closed ones. What they resolve to is checked later.
            ("https://notlocalhost.com/", "https://notlocalhost.com/"),
            ("https://local.example.com/", "https://local.example.com/"),
            ("https://x.127.0.0.1.nip.io/", "https://x.127.0.0.1.nip.io/"),
        ] {
            let url = check_url(text, LocalTargets::Refused);
            assert_eq!(url.as_ref().map(Url::as_str), Ok(spelled), "{text}");
        }
    }

    #[test]
    fn tests_reach_this_machine_and_nothing_else_new() {
        for text in
            ["http://127.0.0.1:8080/x", "https://127.0.0.1/", "http://localhost:80/", "https://localhost:1/"]
        {
            assert!(check_url(text, LocalTargets::Allowed).is_ok(), "{text}");
        }
        for text in [
            "http://ok.com/",
            "https://ok.com:8080/",
            "http://127.0.0.2/",
            "http://0.0.0.0/",
            "http://[::1]/",
            "http://api.localhost/",
            "http://localhost./",
            "http://169.254.169.254/",
            "http://10.0.0.1/",
            "ftp://127.0.0.1/",
            "file://localhost/etc/passwd",
            "http://me@localhost/",
        ] {
            assert!(refused(text, LocalTargets::Allowed), "{text}");
        }
    }
}
