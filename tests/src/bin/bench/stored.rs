//! Leads that are stored already when others come: copies of two rows that the handlers have made, under ids and
//! addresses of their own. Of each lead its row, with its places in the indexes, and the claim on its mailbox: what
//! another lead's handlers could come by. Events, submissions and records lie under their lead's own key, where nobody
//! else reads, so those are left out; a million leads fit into some gigabytes then.

use leadline_core::ids::LeadId;
use leadline_core::seal::sha256_hex;
use leadline_store::leads::lead_key;
use leadline_store::{AttributeValue, Item, Twin, Write};
use leadline_tests::calm::{Calm, text};

/// One in so many is an offer that waits, in the due index and its rep's; the others are closed.
const ONE_OPEN_IN: usize = 10;

/// What is copied.
pub(crate) struct Models {
    lead_id: LeadId,
    open: Item,
    closed: Item,
    claim: Item,
}

impl Models {
    /// The row of a lead as it stands now, while its rep has it.
    pub(crate) fn of_open(calm: &Calm, lead_id: &str) -> Result<Models, String> {
        let lead_id = LeadId::parse(lead_id).map_err(|e| e.to_string())?;
        let open = row(calm, &lead_id)?;
        let is_claim = |item: &Item| text(item, "sk") == "ID" && text(item, "lead_id") == lead_id.as_str();
        let claim = calm.twin().snapshot().into_iter().find(is_claim).ok_or("the lead has no mailbox")?;
        if !["due_key", "own_key", "upd_key"].iter().all(|key| open.contains_key(*key)) {
            return Err("an open lead is not in every index: this measures something else".to_owned());
        }
        Ok(Models { closed: open.clone(), lead_id, open, claim })
    }

    /// The same lead's row, now that it is closed.
    pub(crate) fn closed(mut self, calm: &Calm) -> Result<Models, String> {
        self.closed = row(calm, &self.lead_id)?;
        Ok(self)
    }

    /// Stores copies, from the n-th on, until there are so many.
    pub(crate) fn fill(&self, twin: &Twin, from: usize, to: usize) -> Result<(), String> {
        for n in from..to {
            let row = if n.is_multiple_of(ONE_OPEN_IN) { &self.open } else { &self.closed };
            for item in self.copies(row, n) {
                twin.write_now(Write::Put { item, only_if: None }).map_err(|e| e.to_string())?;
            }
        }
        Ok(())
    }

    /// A row and its claim for another lead.
    fn copies(&self, row: &Item, n: usize) -> [Item; 2] {
        // Spread as ids are, so that neither the shards nor the order of the keys favour anybody.
        let hash = sha256_hex(&n.to_be_bytes());
        let id = format!("{}{}", prefix(self.lead_id.as_str()), &hash[..32]);
        let mut claim = renamed(&self.claim, self.lead_id.as_str(), &id);
        claim.insert("pk".to_owned(), AttributeValue::S(format!("ID#EMAIL#{hash}")));
        [renamed(row, self.lead_id.as_str(), &id), claim]
    }
}

fn row(calm: &Calm, lead_id: &LeadId) -> Result<Item, String> {
    calm.twin().peek(&lead_key(lead_id)).ok_or_else(|| format!("{lead_id} has no row"))
}

/// An id without its digits.
fn prefix(id: &str) -> &str {
    &id[..id.find('_').map_or(0, |at| at + 1)]
}

/// The item with another id wherever the lead's own stands: in its keys and in those of the indexes.
fn renamed(item: &Item, from: &str, to: &str) -> Item {
    let value = |value: &AttributeValue| match value {
        AttributeValue::S(text) => AttributeValue::S(text.replace(from, to)),
        other => other.clone(),
    };
    item.iter().map(|(name, v)| (name.clone(), value(v))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn s(text: &str) -> AttributeValue {
        AttributeValue::S(text.to_owned())
    }

    #[test]
    fn copies_have_ids_and_mailboxes_of_their_own_and_the_same_size() {
        let id = LeadId::from_bits([7; 16]);
        let item =
            |pk: String| Item::from([("pk".to_owned(), s(&pk)), ("lead_id".to_owned(), s(id.as_str()))]);
        let (row, claim) = (item(format!("LEAD#{id}")), item(format!("ID#EMAIL#{}", "0".repeat(64))));
        let models = Models { lead_id: id.clone(), open: row.clone(), closed: row.clone(), claim };
        let [one, first] = models.copies(&row, 1);
        let [two, second] = models.copies(&row, 2);
        let new = text(&one, "lead_id").to_owned();
        assert!(LeadId::parse(&new).is_ok() && new != id.as_str(), "{new}");
        assert_eq!(text(&one, "pk"), format!("LEAD#{new}"));
        assert_eq!((text(&first, "lead_id"), text(&one, "pk").len()), (new.as_str(), text(&row, "pk").len()));
        assert_ne!(text(&one, "pk"), text(&two, "pk"));
        assert_ne!(text(&first, "pk"), text(&second, "pk"));
    }
}
