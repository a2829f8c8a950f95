//! Links without the start files of a C program. `memcpy` and the like are the C library's.

fn main() {
    for argument in ["-nostartfiles", "-static", "-Wl,--gc-sections"] {
        println!("cargo::rustc-link-arg-bins={argument}");
    }
    println!("cargo::rustc-link-lib=c");
}
