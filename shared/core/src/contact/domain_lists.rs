//! The lists of mailbox providers: free, disposable, and wrongly called disposable.

use super::sorted_lines;
use sha2::{Digest, Sha256};

const FREE_MAIL: &str = include_str!("data/free_mail.txt");
const NEVER_DISPOSABLE: &str = include_str!("data/never_disposable.txt");

/// Fingerprints of the 212,947 domains of the crate `disposable` 0.1.0; how it is made stands in `data/README.md`.
///
/// The crate itself parses its list into a hash set on the first question, which costs 200 ms of CPU and 16 MB at
/// `opt-level = "z"`; this table costs nothing until asked and then reads one bucket.
static DISPOSABLE: &[u8] = include_bytes!("data/disposable.bin");

const BUCKETS: usize = 1 << 14;
const REMAINDER: usize = 3;
/// Buckets that are counted together, so that finding one does not add up all before it.
const STRETCH: usize = 128;

/// How many domains stand before each stretch of buckets.
static BEFORE: [u32; BUCKETS / STRETCH] = before_each_stretch();

const fn before_each_stretch() -> [u32; BUCKETS / STRETCH] {
    const TABLE: &[u8] = include_bytes!("data/disposable.bin");
    let mut before = [0; BUCKETS / STRETCH];
    let (mut sum, mut bucket) = (0_u32, 0);
    while bucket < BUCKETS {
        if bucket % STRETCH == 0 {
            before[bucket / STRETCH] = sum;
        }
        sum += TABLE[bucket] as u32;
        bucket += 1;
    }
    before
}

/// Whether a list of free mailbox providers names exactly this domain.
pub(super) fn is_free_mail(domain: &str) -> bool {
    sorted_lines::contains(FREE_MAIL, domain)
}

/// Whether this domain must not be called disposable, whatever the list says.
pub(super) fn is_never_disposable(domain: &str) -> bool {
    sorted_lines::contains(NEVER_DISPOSABLE, domain)
}

/// Whether the list of disposable mailbox providers names exactly this domain.
///
/// A domain is known by 38 bits of its SHA-256: one in 1.3 million of the domains not listed is taken for a listed one.
pub(super) fn is_listed_disposable(domain: &str) -> bool {
    let digest = Sha256::digest(domain.as_bytes());
    let mark = digest.iter().take(5).fold(0_u64, |mark, byte| mark << 8 | u64::from(*byte)) >> 2;
    let bucket = (mark >> 24) as usize;
    let remainder = &mark.to_be_bytes()[8 - REMAINDER..];
    let (counts, remainders) = DISPOSABLE.split_at(BUCKETS);
    let stretch = bucket / STRETCH;
    let rest = counts[stretch * STRETCH..bucket].iter().map(|count| usize::from(*count)).sum::<usize>();
    let before = BEFORE[stretch] as usize + rest;
    let range = before * REMAINDER..(before + usize::from(counts[bucket])) * REMAINDER;
    remainders[range].chunks_exact(REMAINDER).any(|listed| listed == remainder)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lists_are_sorted_so_that_every_line_is_found() {
        for (list, at_least) in [(FREE_MAIL, 4_778), (NEVER_DISPOSABLE, 100)] {
            let lines = sorted_lines::entries(list);
            assert!(lines.len() >= at_least, "{}", lines.len());
            assert!(lines.is_sorted_by(|one, next| one < next));
            assert!(lines.iter().all(|line| sorted_lines::contains(list, line)));
        }
    }

    #[test]
    fn table_holds_every_domain_of_the_crate() {
        let counted: usize = DISPOSABLE[..BUCKETS].iter().map(|count| usize::from(*count)).sum();
        assert_eq!(DISPOSABLE.len(), BUCKETS + REMAINDER * counted);
        assert_eq!(counted, disposable::count());
    }

    #[test]
    fn table_answers_as_the_crate_does() {
        let lists =
            sorted_lines::entries(FREE_MAIL).into_iter().chain(sorted_lines::entries(NEVER_DISPOSABLE));
        let known = [
            "mailinator.com",
            "yopmail.com",
            "guerrillamail.com",
            "10minutemail.com",
            "siemens.com",
            "gmail.com",
        ];
        for domain in lists.chain(known) {
            assert_eq!(is_listed_disposable(domain), disposable::is_domain(domain), "{domain}");
        }
        assert!(is_listed_disposable("mailinator.com") && !is_listed_disposable("siemens.com"));
    }

    #[test]
    fn exceptions_are_needed() {
        for domain in sorted_lines::entries(NEVER_DISPOSABLE) {
            assert!(is_listed_disposable(domain), "{domain} is no longer listed, so its exception can go");
        }
    }

    proptest! {
        #[test]
        fn any_domain_answers_as_the_crate_does(domain in "[a-z0-9]{1,6}(mail|box|temp|)\\.(com|de|ru|tk|ga|xyz)") {
            prop_assert_eq!(is_listed_disposable(&domain), disposable::is_domain(&domain));
        }
    }
}
