fn main() {
    let db = firn::Db::in_memory().unwrap();
    let snapshot = db.snapshot().unwrap();
    let iter = snapshot.iter();
    std::thread::scope(|scope| {
        scope.spawn(move || iter.count());
    });
}
