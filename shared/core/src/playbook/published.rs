//! Reading a playbook that has been checked.

use super::{Playbook, PlaybookDoc, tree};
use crate::calendar::Calendar;
use crate::company::Accounts;

/// A text that was never published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a playbook that was published")]
pub struct Unreadable;

pub(super) fn read(text: &str) -> Result<Playbook, Unreadable> {
    let tree = tree::read(text).map_err(|_| Unreadable)?;
    let doc: PlaybookDoc = serde_json::from_value(tree).map_err(|_| Unreadable)?;
    let calendars = doc.calendars.iter().map(|(id, calendar)| {
        let calendar = Calendar::try_from(calendar.clone()).map_err(|_| Unreadable)?;
        Ok((id.clone(), calendar))
    });
    let calendars = calendars.collect::<Result<_, _>>()?;
    let accounts = Accounts::new(&doc.accounts);
    Ok(Playbook { doc, calendars, accounts })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_the_checks_reads_the_same_without_them() {
        let checked = Playbook::read(Playbook::BUNDLED).unwrap();
        let trusted = Playbook::published(Playbook::BUNDLED).unwrap();
        assert_eq!(format!("{checked:?}"), format!("{trusted:?}"));
    }

    #[test]
    fn what_was_never_published_is_told() {
        let without_pools = Playbook::BUNDLED.replacen("\npools:", "\nponds:", 1);
        for text in ["", "{", "[]", "forms: {}", &without_pools] {
            assert_eq!(Playbook::published(text).unwrap_err(), Unreadable, "{text:.20}");
        }
    }
}
