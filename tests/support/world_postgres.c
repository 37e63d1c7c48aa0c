/* Lets a test's program open stores on a server; opens_postgres links what it needs. */
#include "store/postgres/postgres.h"

__attribute__((constructor)) static void open_servers(void)
{
    store_postgres();
}
