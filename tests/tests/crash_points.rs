//! Every handler killed after each of its steps and delivered again: nothing may be lost, doubled or left behind.

use leadline_tests::sim::SITUATIONS;

#[test]
fn a_worker_may_die_after_any_step() {
    let next = std::sync::atomic::AtomicUsize::new(0);
    let (tried, harm) = (std::sync::Mutex::new(0), std::sync::Mutex::new(Vec::new()));
    let worker = || {
        while let Some(situation) = SITUATIONS.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed)) {
            let crashes = situation.crash_everywhere();
            println!("{:<40} {:>4} crash points", situation.name, crashes.tried);
            *tried.lock().expect("not poisoned") += crashes.tried;
            let told = crashes.harm.into_iter().map(|harm| (situation.name, harm));
            harm.lock().expect("not poisoned").extend(told);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(worker);
        }
    });
    let harm = harm.into_inner().expect("not poisoned");
    assert!(harm.is_empty(), "{} crash points did harm, the first: {:#?}", harm.len(), harm.first());
    // A situation that has become impossible would leave hardly any.
    let tried = tried.into_inner().expect("not poisoned");
    assert!(tried > 50 * u32::try_from(SITUATIONS.len()).expect("few"), "only {tried} crash points");
}
