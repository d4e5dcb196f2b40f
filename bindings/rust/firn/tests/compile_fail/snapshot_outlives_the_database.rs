fn snapshot() -> firn::Snapshot<'static> {
    let db = firn::Db::in_memory().unwrap();
    db.snapshot().unwrap()
}

fn main() {
    snapshot();
}
