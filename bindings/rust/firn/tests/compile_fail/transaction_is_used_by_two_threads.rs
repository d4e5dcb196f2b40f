fn main() {
    let db = firn::Db::in_memory().unwrap();
    let txn = db.txn().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| txn.put("k", "v"));
    });
}
