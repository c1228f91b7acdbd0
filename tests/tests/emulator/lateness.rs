//! Steps come within two seconds of when they are due, whether that is in three seconds or in four minutes.

use std::time::Duration;

use futures_util::future::join_all;
use jiff::SignedDuration;

use super::deployment::{Deployment, now, token, until};
use super::lead::{instant, of_kind};
use super::playbook::{PACED, PACED_SECONDS};

const LEADS: usize = 9;
const MOST: Duration = Duration::from_secs(300);

#[tokio::test]
async fn ninety_nine_of_a_hundred_steps_come_within_two_seconds() {
    let deployment = Deployment::alone().await;
    let mut leads = Vec::new();
    for _ in 0..LEADS {
        let offered = deployment.offered(PACED, &token()).await;
        leads.push(offered["lead_id"].as_str().unwrap().to_owned());
    }
    // Nobody looks meanwhile: whoever looks makes the emulator slower.
    let end = now() + SignedDuration::from_secs(PACED_SECONDS[PACED_SECONDS.len() - 1] + 10);
    until("the last deadline", MOST, async || (now() > end).then_some(())).await;
    let late = join_all(leads.iter().map(async |lead_id| {
        let events = deployment.timeline(lead_id).await;
        assert_eq!(of_kind(&events, "reminded").len(), PACED_SECONDS.len(), "{events:?}");
        let offered = instant(&of_kind(&events, "offered")[0]["at"]);
        let reminded = of_kind(&events, "reminded").into_iter().zip(PACED_SECONDS);
        reminded
            .map(|(event, seconds)| {
                let due = offered + SignedDuration::from_secs(seconds);
                let late = instant(&event["at"]).duration_since(due);
                Duration::try_from(late).unwrap_or_else(|_| panic!("a step came {late} after it was due"))
            })
            .collect::<Vec<_>>()
    }))
    .await;
    let mut late = late.concat();
    late.sort_unstable();
    let rank = (late.len() * 99).div_ceil(100) - 1;
    println!(
        "{} steps, half within {:?}, 99 of 100 within {:?}",
        late.len(),
        late[late.len() / 2],
        late[rank]
    );
    assert!(late[rank] <= Duration::from_secs(2), "{late:?}");
}
