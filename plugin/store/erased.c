/* Persons' parts that are gone, and what stays of them. */
#include "store/sql.h"

int store_erased_put(struct store *s, const uint8_t d[HASH_SIZE], struct bytes residue)
{
    return sql_run(s, "INSERT INTO erased VALUES (?1, ?2, ?3) ON CONFLICT (merchant, d) DO NOTHING", "hv", d,
                   residue.p ? residue : bytes_str(""));
}
