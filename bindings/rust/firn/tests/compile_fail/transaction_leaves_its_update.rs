fn main() {
    let db = firn::Db::in_memory().unwrap();
    let mut kept = None;
    db.update(|txn| {
        kept = Some(txn);
        Ok(())
    })
    .unwrap();
}
