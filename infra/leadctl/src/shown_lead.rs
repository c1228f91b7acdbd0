//! A lead as the API shows it, as far as people look at it in a terminal.

use jiff::Timestamp;
use serde::Deserialize;

use crate::screen::{distance, instant};

/// The parts of a lead that are shown. What the API adds later is passed over.
#[derive(Deserialize)]
pub(crate) struct ShownLead {
    /// Its id.
    pub(crate) lead_id: String,
    /// Its stage.
    pub(crate) stage: String,
    /// The version of the row.
    pub(crate) version: u64,
    /// The person.
    pub(crate) contact: ShownContact,
    /// The company.
    pub(crate) company: ShownCompany,
    /// The score, once there is one.
    #[serde(default)]
    pub(crate) score: Option<ShownScore>,
    /// The rep who holds it.
    #[serde(default)]
    pub(crate) owner: Option<ShownOwner>,
    /// Who answers for it otherwise.
    #[serde(default)]
    pub(crate) accountable: Accountable,
    /// Its clocks.
    #[serde(default)]
    pub(crate) clocks: Vec<ShownClock>,
    /// Why it is in its stage.
    #[serde(default)]
    pub(crate) reason: Option<String>,
    /// Its submissions; only of a single lead.
    #[serde(default)]
    pub(crate) touches: Vec<ShownTouch>,
    /// How it was routed; only of a single lead.
    #[serde(default)]
    pub(crate) route: Option<ShownRoute>,
}

impl std::fmt::Debug for ShownLead {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ShownLead({})", self.lead_id)
    }
}

/// The person.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct ShownContact {
    pub(crate) email: Option<String>,
    pub(crate) phone: Option<String>,
    pub(crate) first_name: Option<String>,
    pub(crate) last_name: Option<String>,
    pub(crate) title: Option<String>,
    pub(crate) country: Option<String>,
}

/// The company.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct ShownCompany {
    pub(crate) name: Option<String>,
    pub(crate) domain: Option<String>,
    pub(crate) employees: Option<u64>,
}

/// The score.
#[derive(Deserialize)]
pub(crate) struct ShownScore {
    pub(crate) fit: u8,
    pub(crate) interest: u8,
    pub(crate) grade: String,
    #[serde(default)]
    pub(crate) reasons: Vec<ShownReason>,
}

/// Why so many points.
#[derive(Deserialize)]
pub(crate) struct ShownReason {
    pub(crate) axis: String,
    pub(crate) points: serde_json::Value,
    pub(crate) because: String,
}

/// Who holds it.
#[derive(Deserialize)]
pub(crate) struct ShownOwner {
    pub(crate) rep_id: String,
    pub(crate) pool_id: String,
    #[serde(default)]
    pub(crate) accepted_at: Option<Timestamp>,
    /// In which sense it is the rep's: `turn`, `by_hand` and others.
    #[serde(default)]
    pub(crate) basis: Option<String>,
}

/// Who answers for it: a rep, a pool, or a queue of a department.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct Accountable {
    pool_id: Option<String>,
    queue: Option<String>,
}

/// A clock.
#[derive(Deserialize)]
pub(crate) struct ShownClock {
    pub(crate) clock: String,
    pub(crate) due_at: Timestamp,
    pub(crate) status: String,
    #[serde(default)]
    pub(crate) because: Option<String>,
}

/// A submission.
#[derive(Deserialize)]
pub(crate) struct ShownTouch {
    pub(crate) at: Timestamp,
    pub(crate) form_id: String,
    pub(crate) channel: String,
    #[serde(default)]
    pub(crate) source: Option<String>,
    #[serde(default)]
    pub(crate) page: Option<String>,
}

/// The way to the rep.
#[derive(Deserialize)]
pub(crate) struct ShownRoute {
    #[serde(default)]
    pub(crate) because: Option<String>,
}

/// Stands where nothing is known.
pub(crate) const NOTHING: &str = "–";

impl ShownLead {
    /// The name, else the address.
    pub(crate) fn name(&self) -> String {
        let names = [&self.contact.first_name, &self.contact.last_name];
        let parts: Vec<&str> = names.into_iter().flatten().map(String::as_str).collect();
        if parts.is_empty() {
            self.contact.email.clone().unwrap_or_else(|| NOTHING.to_owned())
        } else {
            parts.join(" ")
        }
    }

    /// The company's name, else its domain.
    pub(crate) fn company(&self) -> &str {
        self.company.name.as_deref().or(self.company.domain.as_deref()).unwrap_or(NOTHING)
    }

    /// The grade.
    pub(crate) fn grade(&self) -> Option<&str> {
        self.score.as_ref().map(|s| s.grade.as_str())
    }

    /// The rep and the pool; otherwise who answers for it.
    pub(crate) fn held_by(&self) -> String {
        match (&self.owner, &self.accountable.pool_id, &self.accountable.queue) {
            (Some(owner), _, _) => format!("{} ({})", owner.rep_id, owner.pool_id),
            (None, Some(pool), _) => format!("pool {pool}"),
            (None, None, Some(queue)) => format!("({queue})"),
            (None, None, None) => NOTHING.to_owned(),
        }
    }

    /// The nearest deadline that still counts.
    pub(crate) fn next_clock(&self) -> Option<&ShownClock> {
        self.clocks.iter().filter(|c| c.runs()).min_by_key(|c| c.due_at)
    }

    /// On its way through enrich, score and route.
    pub(crate) fn is_under_way(&self) -> bool {
        matches!(self.stage.as_str(), "received" | "enriched" | "scored")
    }
}

impl ShownClock {
    /// Whether somebody still has to do something about it.
    pub(crate) fn runs(&self) -> bool {
        matches!(self.status.as_str(), "running" | "breached")
    }

    /// When it is due, for people.
    pub(crate) fn due(&self, now: Timestamp) -> String {
        format!("{} ({})", instant(self.due_at), distance(self.due_at, now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_api_shows_and_passes_over_the_rest() {
        let lead: ShownLead = serde_json::from_value(serde_json::json!({
            "lead_id": "ld_1", "version": 4, "stage": "offered", "cycle": 1, "form_id": "demo-request",
            "accountable": {"rep_id": "anna"},
            "contact": {"email": "ada@nordlicht.example", "first_name": "Ada", "last_name": null, "phone": null},
            "company": {"name": null, "domain": "nordlicht.example"},
            "score": {"fit": 90, "interest": 70, "grade": "A1", "playbook_version": 1},
            "owner": {"rep_id": "anna", "pool_id": "emea", "offer": 1, "offered_at": "2026-11-23T12:00:00Z", "accepted_at": null},
            "clocks": [
                {"clock": "accept", "due_at": "2026-11-23T12:30:00Z", "status": "met", "policy": "hot"},
                {"clock": "first_touch", "due_at": "2026-11-23T15:00:00Z", "status": "running", "policy": "hot"}
            ],
            "due_at": "2026-11-23T12:15:00Z"
        }))
        .unwrap();
        assert_eq!(
            (lead.name().as_str(), lead.company(), lead.grade()),
            ("Ada", "nordlicht.example", Some("A1"))
        );
        assert_eq!(lead.held_by(), "anna (emea)");
        let clock = lead.next_clock().unwrap();
        assert_eq!(clock.due("2026-11-23T12:00:00Z".parse().unwrap()), "2026-11-23 15:00 (in 3 h)");
        assert!(!lead.is_under_way());
    }

    #[test]
    fn an_erased_lead_has_nothing_to_show() {
        let lead: ShownLead = serde_json::from_value(serde_json::json!({
            "lead_id": "ld_1", "version": 9, "stage": "erased", "contact": {}, "company": {}, "score": null,
            "owner": null, "accountable": {"queue": "closed"}
        }))
        .unwrap();
        assert_eq!((lead.name().as_str(), lead.company(), lead.held_by().as_str()), ("–", "–", "(closed)"));
        assert!(lead.next_clock().is_none() && lead.grade().is_none());
    }
}
