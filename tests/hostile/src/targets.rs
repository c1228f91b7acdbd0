//! Addresses on the web that we may be told to connect to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use leadline_core::target::{LocalTargets, check_url};
use url::{Host, Url};

/// No address of a closed range is let through, however it is written.
pub(crate) fn target(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Ok(url) = check_url(&text, LocalTargets::Refused) {
        assert!(is_open(&url), "{url}");
        // The text that is sent on means the same again.
        assert_eq!(check_url(url.as_str(), LocalTargets::Refused).as_ref(), Ok(&url));
    }
    if let Ok(url) = check_url(&text, LocalTargets::Allowed) {
        let local = matches!(url.host_str(), Some("127.0.0.1" | "localhost"));
        assert!(local || is_open(&url), "{url}");
    }
    let [block, a, b, c, d, how @ ..] = data else { return };
    let (net, bits) = CLOSED[usize::from(*block) % CLOSED.len()];
    let any = u32::from_be_bytes([*a, *b, *c, *d]);
    let mask = u32::MAX.checked_shl(32 - bits).unwrap_or(0);
    let address = Ipv4Addr::from_bits((net.to_bits() & mask) | (any & !mask));
    let host = spelt(address, how);
    for text in [
        format!("https://{host}/"),
        format!("https://{host}:8443/x?y"),
        format!("HTTPS:\\\\{host}"),
        format!(" https://{host}#@ok.com/"),
        format!("https://ok.com@{host}/"),
    ] {
        assert!(check_url(&text, LocalTargets::Refused).is_err(), "{text} is {address}");
    }
}

/// Ranges that are not the open internet, by the IANA registry.
const CLOSED: [(Ipv4Addr, u32); 14] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    (Ipv4Addr::new(240, 0, 0, 0), 4),
];

/// One of the many ways to write an address: in one to four parts, each decimal, octal or hexadecimal; in wide digits,
/// escaped, with a dot behind; within IPv6.
fn spelt(address: Ipv4Addr, how: &[u8]) -> String {
    let how = |i: usize| how.get(i).copied().unwrap_or_default();
    let [a, b, c, d] = address.octets().map(u32::from);
    let parts = match how(0) % 4 {
        0 => vec![a, b, c, d],
        1 => vec![a, b, c << 8 | d],
        2 => vec![a, b << 16 | c << 8 | d],
        _ => vec![address.to_bits()],
    };
    let radix = |(i, part): (usize, &u32)| match how(1 + i) % 5 {
        0 | 1 => format!("{part}"),
        2 => format!("0x{part:x}"),
        3 => format!("0X{part:010X}"),
        _ => format!("0{part:o}"),
    };
    let dotted = parts.iter().enumerate().map(radix).collect::<Vec<_>>().join(".");
    let six = address.to_ipv6_mapped().segments();
    match how(5) % 10 {
        0..=2 => dotted,
        3 => format!("{dotted}."),
        4 => dotted.chars().map(|c| if c.is_ascii_digit() { wide(c) } else { c }).collect(),
        5 => dotted.replace('.', "\u{3002}"),
        6 => dotted.bytes().map(|b| format!("%{b:02x}")).collect(),
        7 => format!("[::ffff:{a}.{b}.{c}.{d}]"),
        8 => format!("[::FFFF:{:x}:{:x}]", six[6], six[7]),
        _ => match how(6) % 3 {
            0 => format!("[64:ff9b::{:x}:{:x}]", six[6], six[7]),
            1 => format!("[2002:{:x}:{:x}::1]", six[6], six[7]),
            _ => format!("[::{a}.{b}.{c}.{d}]"),
        },
    }
}

fn wide(digit: char) -> char {
    char::from_u32(u32::from(digit) - u32::from('0') + 0xff10).unwrap_or(digit)
}

/// Whether an address that was let through is one, by rules of this file's own.
fn is_open(url: &Url) -> bool {
    let port = url.port().unwrap_or(443);
    let plain = url.scheme() == "https" && url.username().is_empty() && url.password().is_none();
    plain
        && [443, 8443].contains(&port)
        && match url.host() {
            None => false,
            Some(Host::Ipv4(address)) => is_open_v4(address),
            Some(Host::Ipv6(address)) => is_open_v6(address),
            Some(Host::Domain(name)) => {
                let labels: Vec<&str> = name.strip_suffix('.').unwrap_or(name).split('.').collect();
                let last = labels.last().copied().unwrap_or_default();
                name.is_ascii()
                    && name.parse::<IpAddr>().is_err()
                    && labels.len() > 1
                    && labels.iter().all(|label| !label.is_empty())
                    && !last.bytes().all(|b| b.is_ascii_digit())
                    && !["localhost", "localdomain", "local", "internal", "lan"].contains(&last)
                    && !labels.ends_with(&["home", "arpa"])
            }
        }
}

fn is_open_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_broadcast()
        || address.is_documentation()
        || address.is_multicast()
        || a == 0
        || a >= 240
        || (a == 100 && b & 0xc0 == 64)
        || (a == 198 && b & 0xfe == 18)
        || (a, b, c) == (192, 0, 0))
}

fn is_open_v6(address: Ipv6Addr) -> bool {
    let s = address.segments();
    if let Some(v4) = address.to_ipv4_mapped() {
        return is_open_v4(v4);
    }
    if s[..6] == [0x64, 0xff9b, 0, 0, 0, 0] {
        let [.., a, b, c, d] = address.octets();
        return is_open_v4(Ipv4Addr::new(a, b, c, d));
    }
    let global = s[0] & 0xe000 == 0x2000;
    global && s[0] != 0x2002 && !(s[0] == 0x2001 && (s[1] < 0x200 || s[1] == 0xdb8))
}
