//! Who a lead is and how to reach them: values that are right once they exist, and what can be told from them.
//!
//! Everything here is a pure function of its input.
//! Values that name a person print redacted (`Debug`) and appear in full only through `as_str` and serialization.
//!
//! # How an e-mail address is read
//!
//! | step | effect | example |
//! |---|---|---|
//! | trim | white space and invisible characters at both ends go | `"\u{feff} ann@x.com "` → `ann@x.com` |
//! | refuse | white space, control or invisible (default-ignorable) characters inside | `a\u{200b}nn@x.com` → error |
//! | width | fullwidth forms, as an East Asian keyboard types them, become ASCII | `ａ＠x.com` → `a@x.com` |
//! | NFC | the remaining text is composed | `e` + `◌́` → `é` |
//! | split | exactly one `@`; no quoted local part, no `[address literal]` | `"a b"@x.com` → error |
//! | local part | at most 64 bytes, no leading, trailing or double dot; spelling kept | `Ann.Lee` stays |
//! | domain | UTS #46 to ASCII lower case, two labels or more, no trailing dot, not numeric | `BÜCHER.de` → `xn--bcher-kva.de` |
//! | length | at most 254 bytes in all | |
//!
//! The result is what mail is sent to. The *canonical* form decides whether two addresses are one mailbox:
//!
//! | step | effect | example |
//! |---|---|---|
//! | NFKC, lower case | of the local part | `Ann.Lee` → `ann.lee` |
//! | tag | everything from the first `+` goes, unless nothing would be left | `ann+news` → `ann` |
//! | Gmail | dots go and `googlemail.com` becomes `gmail.com` | `a.n.n@googlemail.com` → `ann@gmail.com` |
//!
//! A domain whose labels mix scripts (`аpple.com` with a Cyrillic `а`) is accepted and flagged, not refused.

mod canonical;
mod characters;
mod country;
mod country_table;
mod domain;
mod domain_lists;
mod email;
mod job_function;
mod name;
mod phone;
mod postcode;
mod role;
mod script;
mod seniority;
mod serialized;
mod sorted_lines;
mod subdivision;
mod text_signals;
mod words;

pub use canonical::CanonicalEmail;
pub use country::{CountryCode, CountryError};
pub use domain::{Domain, DomainError};
pub use email::{EmailAddress, EmailError};
pub use job_function::{JobFunction, function_of};
pub use name::{NameError, PersonName, clean_name};
pub use phone::{Phone, PhoneError};
pub(crate) use postcode::compact;
pub use postcode::{Postcode, PostcodeError};
pub use seniority::{Seniority, seniority_of};
pub use subdivision::{Subdivision, SubdivisionError};
pub use text_signals::{count_links, has_link};
