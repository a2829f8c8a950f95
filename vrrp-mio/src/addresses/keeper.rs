//! x
/// x
#[derive(Debug)] pub struct AddressKeeper;
