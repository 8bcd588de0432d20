# To be sourced: counts instructions of the programs of benches. Wants `$scratch`, a folder that is thrown away.

command -v valgrind >/dev/null || { echo "valgrind is missing: apt-get install valgrind" >&2; exit 1; }
# What is freed is taken again, so that no request pays for the tidying of the allocator that others brought about.
export GLIBC_TUNABLES=glibc.malloc.tcache_count=60000

# Runs `$1 instructions …`, whose function `$2` is what is counted, and prints `scenario|variant|instructions` for each
# dump that callgrind makes, one for each label and in their order.
instructions() {
    local program=$1 measured=$2
    valgrind --tool=callgrind --callgrind-out-file="$scratch/out" --collect-atstart=no \
        --toggle-collect="*$measured*" --dump-after="$measured" \
        "$program" instructions "${@:3}" >"$scratch/labels" 2>"$scratch/log" || { cat "$scratch/log" >&2; return 1; }
    local number=0 scenario variant requests total
    while IFS='|' read -r scenario variant requests; do
        number=$((number + 1))
        total=$(sed -n 's/^\(summary\|totals\): //p' "$scratch/out.$number" | head -n 1)
        printf '%s|%s|%s\n' "$scenario" "$variant" "$((total / requests))"
    done <"$scratch/labels"
}
