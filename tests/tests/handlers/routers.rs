//! Sixteen routers interleaved at every port call, by a schedule that its seed repeats: no cap is exceeded at any commit,
//! and every lead is given exactly once.

use std::collections::BTreeMap;

use leadline_core::lead::{EventKind, Lead, Stage};
use leadline_core::routing::{PoolState, RepState};
use leadline_store::rows::from_item;
use leadline_store::{Item, Write};
use leadline_tests::calm::{Calm, PLAYBOOK, text};
use serde_json::{Value, json};

use super::scene::secs;

const ROUTERS: usize = 16;

/// Each rep with a cap of a kind of its own, and how many leads fit under it: a lead is worth two points here.
const CAPPED: [(&str, &str, &str, u32); 4] = [
    ("ann", "open", "open: 120", 120),
    ("bob", "unaccepted", "unaccepted: 170", 170),
    ("cat", "per_day", "per_day: 90", 90),
    ("dot", "value", "value: 281", 140),
];

/// Reps stand in several pools, so that no pool's row keeps two routers from the same rep.
fn playbook() -> String {
    let capped = CAPPED.iter().fold(PLAYBOOK.to_owned(), |text, (rep, _, cap, _)| {
        let plain = format!("email: {rep}@calm.example, calendar: always");
        assert!(text.contains(&plain));
        text.replace(&plain, &format!("{plain}, caps: {{{cap}}}"))
    });
    capped
        .replace("first: {members: [ann, bob], overflow: second", "first: {members: [ann, bob], overflow: all")
        .replace("second: {members: [cat, dot]", "second: {members: [bob, cat, dot], overflow: all")
        .replace("pools:\n", "pools:\n  all: {members: [ann, bob, cat, dot], manager: chief@calm.example}\n")
        .replace(
            "routing: {routes: [], otherwise: first}",
            "routing: {routes: [{route: second, pool: second, when: {field: answers.wish, is: demo 2}}], otherwise: first}",
        )
        .replace("sla:\n", "value: {otherwise: 2}\nsla:\n")
        .replace("within: PT60S", "within: PT200H")
}

/// Everything that is committed, counted without the product's own counters.
#[derive(Default)]
struct Witness {
    /// By lead: its version, and who holds it unanswered.
    leads: BTreeMap<String, (u64, Option<String>)>,
    /// By rep: how many.
    held: BTreeMap<String, u32>,
    /// Offers by lead, by rep and by pool.
    offers: [BTreeMap<String, u32>; 3],
    reps: BTreeMap<String, RepState>,
    turns: BTreeMap<String, u64>,
    /// The keys of all that was written, in order.
    order: Vec<String>,
    lifted: bool,
}

impl Witness {
    fn saw(&mut self, writes: Vec<Write>) {
        for write in writes {
            let Write::Put { item, .. } = write else { continue };
            self.order.push(format!("{} {}", text(&item, "pk"), text(&item, "sk")));
            match text(&item, "sk") {
                "LEAD" => self.lead(&from_item(item).unwrap()),
                "REP" => self.rep(from_item(item).unwrap()),
                "POOL" => self.pool(item),
                _ => {}
            }
        }
        self.check();
    }

    fn lead(&mut self, lead: &Lead) {
        let holder = lead.held_by().map(ToString::to_string);
        assert!(holder.is_none() || lead.stage == Stage::Offered, "nobody answers here");
        if let Some(rep) = &holder {
            *self.held.entry(rep.clone()).or_default() += 1;
        }
        let before = self.leads.insert(lead.lead_id.to_string(), (lead.version, holder));
        if let Some((version, held_by)) = before {
            if let Some(rep) = held_by {
                *self.held.entry(rep).or_default() -= 1;
            }
            if version == lead.version {
                return;
            }
        }
        if let EventKind::Offered { rep_id, pool_id, .. } = &lead.last_event.kind {
            for (counted, name) in
                self.offers.iter_mut().zip([lead.lead_id.as_str(), rep_id.as_str(), pool_id.as_str()])
            {
                *counted.entry(name.to_owned()).or_default() += 1;
            }
            assert_eq!(self.offers[0][lead.lead_id.as_str()], 1, "a lead is given once");
        }
    }

    fn rep(&mut self, state: RepState) {
        self.reps.insert(state.rep_id.to_string(), state);
    }

    fn pool(&mut self, item: Item) {
        let name = text(&item, "pool_id").to_owned();
        self.turns.insert(name, from_item::<PoolState>(item).unwrap().picks);
    }

    fn held(&self, rep: &str) -> u32 {
        self.held.get(rep).copied().unwrap_or(0)
    }

    /// What holds after every single commit.
    fn check(&self) {
        let [_, by_rep, by_pool] = &self.offers;
        for (rep, _, cap, most) in CAPPED {
            let given = by_rep.get(rep).copied().unwrap_or(0);
            assert!(self.lifted || given <= most, "{rep} has been given {given} under {cap}");
            let held = self.held(rep);
            let counted = self.reps.get(rep).map_or([0; 4], |r| [r.open, r.unaccepted, r.value / 2, r.today]);
            assert_eq!(counted, [held, held, held, given], "{rep}");
        }
        for (pool, turns) in &self.turns {
            assert_eq!(*turns, u64::from(by_pool.get(pool).copied().unwrap_or(0)), "{pool}");
        }
    }
}

/// Sixteen routers at work until no lead is on its way any more, or until all have somebody.
fn settle(calm: &Calm, seed: u64, witness: &mut Witness, until: Stage) {
    for round in 0..200 {
        calm.crowd(ROUTERS, seed ^ (round << 32), |writes| witness.saw(writes));
        let waits = |lead: &Lead| lead.in_pipeline() || (until == Stage::Offered && lead.stage != until);
        if !calm.leads().iter().any(waits) {
            return;
        }
        // Whoever lost too many races comes again when its message is visible again, or by the sweep; whoever is parked
        // is looked at within a quarter of an hour.
        calm.wait(secs(301));
        calm.sweep();
    }
    panic!("leads are still on their way");
}

fn submit(calm: &Calm, leads: usize) {
    for n in 0..leads {
        let wish = if n % 2 == 0 { "demo" } else { "demo 2" };
        calm.submitted("demo", &json!({ "email": format!("p{n}@firm{n}.example"), "wish": wish }));
    }
}

fn shown(calm: &Calm, path: &str, of: &str) -> u64 {
    calm.ask("GET", path, &Value::Null).1[of].as_u64().unwrap()
}

/// As many as fit are assigned and the others wait; once the caps are lifted all are assigned, each once.
fn a_thousand(seed: u64) {
    let calm = Calm::new(&playbook());
    let mut witness = Witness::default();
    submit(&calm, 1_000);
    settle(&calm, seed, &mut witness, Stage::Parked);
    let stages = |calm: &Calm| {
        let leads = calm.leads();
        let count = |stage| leads.iter().filter(|l| l.stage == stage).count();
        (count(Stage::Offered), count(Stage::Parked))
    };
    assert_eq!(stages(&calm), (520, 480), "seed {seed}");
    for (rep, _, cap, most) in CAPPED {
        assert_eq!(witness.held(rep), most, "seed {seed}: {rep} under {cap}");
    }
    witness.lifted = true;
    for (rep, kind, _, _) in CAPPED {
        let change = json!({ "caps": { kind: "unlimited" } });
        assert_eq!(calm.ask("PATCH", &format!("/reps/{rep}"), &change).0, 200);
    }
    settle(&calm, seed, &mut witness, Stage::Offered);
    assert_eq!(stages(&calm), (1_000, 0), "seed {seed}");
    let [by_lead, by_rep, by_pool] = &witness.offers;
    assert_eq!((by_lead.len(), by_lead.values().sum::<u32>()), (1_000, 1_000), "seed {seed}");
    assert_eq!((by_rep.values().sum::<u32>(), by_pool.values().sum::<u32>()), (1_000, 1_000));
    // What everybody is shown agrees with it.
    assert!(calm.leads().iter().all(|lead| lead.offers == 1));
    let open: u64 = CAPPED.iter().map(|(rep, ..)| shown(&calm, &format!("/reps/{rep}"), "open")).sum();
    let turns: u64 =
        ["all", "first", "second"].map(|p| shown(&calm, &format!("/pools/{p}"), "turns")).iter().sum();
    assert_eq!((open, turns), (1_000, 1_000), "seed {seed}");
}

#[test]
fn a_thousand_leads_are_exactly_a_thousand_assignments_in_any_order() {
    for seed in [1, 2] {
        a_thousand(seed);
    }
}

#[test]
fn a_schedule_can_be_run_again() {
    let run = |seed| {
        let calm = Calm::new(&playbook());
        let mut witness = Witness::default();
        submit(&calm, 40);
        settle(&calm, seed, &mut witness, Stage::Parked);
        (witness.order, calm.rows())
    };
    let (first, again, other) = (run(7), run(7), run(8));
    assert!(first == again, "the same seed, the same world");
    assert!(first.0 != other.0, "another seed, another order");
}
