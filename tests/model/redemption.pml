/*
 * One coupon of one use, the sales of two tills, one authority: hold, grant, commit, void, release, expiry and late
 * arrival, while messages are lost, repeated and overtaken, and tills are killed and started again.
 *
 * The network is a set: what was sent stays in it, and anything in it may be taken at any time, often or never. That is
 * loss, repetition and reordering in one. The authority's transactions are steps (SQLite makes them so); a kill of it
 * between two steps changes nothing that is modelled, because all of its state is on the disk.
 *
 * Names are those of the code: rev, finished, reservation, number, slot (plugin/authority/hold.c, release.c, rank.c),
 * SALE_OPEN, SALE_COMMITTED, SALE_VOIDED, granted (plugin/sale).
 *
 * Time: a till counts a grant's ttl from when it asked, so its own end comes before the authority's (the protocol's page,
 * "One redemption"). Hence the authority's expiry waits for the till's end, and takes what is still under way with it.
 * BREAK=1..5 takes one rule away; each must be found (tests/model/run).
 */
#ifndef BREAK
#define BREAK 0
#endif
#define TILLS 2
#ifndef REVS
#define REVS 2 /* holds and releases a sale may number */
#endif

mtype = {SALE_OPEN, SALE_COMMITTED, SALE_VOIDED, SALE_FORGOTTEN};
#define NOBODY TILLS
#define NO_NUMBER 0
#define AT(t, r) ((t) * (REVS + 1) + (r))
#define ROOM (TILLS * (REVS + 1))

/* The network: what was ever sent and may still arrive. */
bool hold_sent[ROOM], release_sent[ROOM], grant_sent[ROOM], commit_sent[TILLS], void_sent[TILLS];
byte grant_number[ROOM]; /* in the grant's answer */

/* A till's disk: survives a kill. */
mtype state[TILLS] = SALE_OPEN;
byte rev[TILLS];
byte commit_grant[TILLS]; /* number of the grant that the record embeds, or NO_NUMBER */
bool confirmed[TILLS];    /* the host was told: paid and recorded */
bool has_commit[TILLS], has_void[TILLS];     /* in the chain */
bool commit_taken[TILLS], void_taken[TILLS]; /* answered: out of the outbox */
/* A till's memory. */
byte granted[TILLS] = 0; /* number of the live grant */
byte asked[TILLS] = 0;   /* rev of the hold that is waited for, 0: none */

/* The authority's database. */
byte seen[TILLS]; /* highest rev */
bool finished[TILLS];
byte reservation = NOBODY;
byte reservation_rev; /* of the hold that made it */
byte next_number = 1;
bool registered[TILLS], voided[TILLS], early_void[TILLS];
byte slot = NOBODY; /* who has the coupon's one use */
bool conflict[TILLS];
byte given_back[TILLS];

#define LIVE(t) (granted[t] != NO_NUMBER)

/* rank.c: of the commits that are not voided, those with a grant first, by its number; then by till. A function of the set. */
inline rank() {
    d_step {
        slot = NOBODY;
        if
        :: registered[0] && !voided[0] && registered[1] && !voided[1] ->
            if
            :: commit_grant[0] != NO_NUMBER && (commit_grant[1] == NO_NUMBER || commit_grant[0] < commit_grant[1]) -> slot = 0
            :: commit_grant[1] != NO_NUMBER && (commit_grant[0] == NO_NUMBER || commit_grant[1] < commit_grant[0]) -> slot = 1
            :: else -> slot = 0
            fi
        :: registered[0] && !voided[0] && !(registered[1] && !voided[1]) -> slot = 0
        :: registered[1] && !voided[1] && !(registered[0] && !voided[0]) -> slot = 1
        :: else -> skip
        fi;
        conflict[0] = registered[0] && !voided[0] && slot != 0 && BREAK != 4;
        conflict[1] = registered[1] && !voided[1] && slot != 1 && BREAK != 4
    }
}

inline drop_reservation(t) {
    if
    :: reservation == t -> reservation = NOBODY; reservation_rev = 0
    :: else -> skip
    fi
}

inline take_void(t) {
    if
    :: !voided[t] || BREAK == 5 -> voided[t] = true; given_back[t]++
    :: else -> skip
    fi
}

/* What can change nothing any more is taken out of the network, so that fewer states differ in it alone. */
inline forget(t) {
    d_step {
        i = 1;
        do
        :: i <= REVS ->
            if
            :: finished[t] || i <= seen[t] -> hold_sent[AT(t, i)] = false; release_sent[AT(t, i)] = false
            :: else -> skip
            fi;
            i++
        :: else -> break
        od;
        i = 0
    }
}

proctype Till(byte t) {
    do
    /* hold: the rev is on the disk before the first byte leaves */
    :: atomic { state[t] == SALE_OPEN && asked[t] == 0 && rev[t] < REVS ->
        grant_sent[AT(t, rev[t])] = false; rev[t]++; asked[t] = rev[t]; granted[t] = NO_NUMBER; hold_sent[AT(t, rev[t])] = true }
    /* the grant comes in time, for the hold that is waited for */
    :: atomic { asked[t] != 0 && grant_sent[AT(t, asked[t])] ->
        granted[t] = grant_number[AT(t, asked[t])]; asked[t] = 0 }
    /* the deadline comes first: a late grant is released, by a rev above its own */
    :: atomic { asked[t] != 0 -> asked[t] = 0 }
    :: atomic { state[t] == SALE_OPEN && asked[t] == 0 && !LIVE(t) && rev[t] > 0 && rev[t] < REVS && grant_sent[AT(t, rev[t])] ->
        rev[t]++; release_sent[AT(t, rev[t])] = true }
    /* the payment failed */
    :: atomic { state[t] == SALE_OPEN && asked[t] == 0 && LIVE(t) && rev[t] < REVS ->
        granted[t] = NO_NUMBER; rev[t]++; release_sent[AT(t, rev[t])] = true }
    /* the ttl ends, by the till's own clock */
    :: atomic { LIVE(t) -> granted[t] = NO_NUMBER }
    /* commit: on the disk, then the host is told; with the grant that lives, or without one */
    :: atomic { state[t] == SALE_OPEN && asked[t] == 0 ->
        state[t] = SALE_COMMITTED; has_commit[t] = true; commit_grant[t] = granted[t]; granted[t] = NO_NUMBER; confirmed[t] = true }
    /* void: before the commit the sale is forgotten, after it a record says so */
    :: atomic { state[t] == SALE_OPEN && asked[t] == 0 && rev[t] < REVS ->
        state[t] = SALE_FORGOTTEN; granted[t] = NO_NUMBER; rev[t]++; release_sent[AT(t, rev[t])] = true }
    :: atomic { state[t] == SALE_COMMITTED -> state[t] = SALE_VOIDED; has_void[t] = true }
    /* the outbox: in any order, again and again until it is answered */
    :: atomic { has_commit[t] && !commit_taken[t] && !commit_sent[t] -> commit_sent[t] = true }
    :: atomic { has_void[t] && !void_taken[t] && !void_sent[t] -> void_sent[t] = true }
    /* the answer to a record: registered, the same for ever */
    :: atomic { commit_sent[t] && !commit_taken[t] && (registered[t] || BREAK == 3) -> commit_taken[t] = true }
    :: atomic { void_sent[t] && !void_taken[t] && (voided[t] || early_void[t]) -> void_taken[t] = true }
    /* killed and started again: the disk is what is left */
    :: atomic { LIVE(t) || asked[t] != 0 -> granted[t] = NO_NUMBER; asked[t] = 0 }
    od
}

proctype Authority() {
    byte t, r, i;
    do
    :: atomic {
        if
        :: t = 0
        :: t = 1
        fi;
        r = 1;
        do
        :: r < REVS -> r++
        :: break
        od;
        if
        /* a hold (plugin/authority/hold.c); a repeated one has its kept answer, which is in the network already */
        :: hold_sent[AT(t, r)] && !finished[t] && r > seen[t] ->
            seen[t] = r;
            drop_reservation(t);
            if
            :: slot != NOBODY -> skip /* already_used */
            :: slot == NOBODY && reservation != NOBODY && BREAK != 1 -> skip /* held */
            :: else ->
                reservation = t; reservation_rev = r;
                grant_number[AT(t, r)] = next_number; grant_sent[AT(t, r)] = true; next_number++
            fi
        /* a release */
        :: release_sent[AT(t, r)] && !finished[t] && r > seen[t] ->
            seen[t] = r;
            drop_reservation(t)
        /* the reservation's time is over: the till's was before, and an answer under way is worth nothing any more */
        :: reservation == t && (BREAK == 2 || !LIVE(t)) ->
            grant_sent[AT(t, reservation_rev)] = false;
            reservation = NOBODY; reservation_rev = 0
        /* a commit: never refused */
        :: commit_sent[t] && !registered[t] ->
            registered[t] = true; finished[t] = true;
            if
            :: early_void[t] -> take_void(t)
            :: else -> skip
            fi;
            drop_reservation(t);
            rank()
        /* a void: if it comes first, it takes effect with its commit */
        :: void_sent[t] && (registered[t] -> (!voided[t] || (BREAK == 5 && given_back[t] < 2)) : !early_void[t]) ->
            if
            :: registered[t] -> take_void(t)
            :: else -> early_void[t] = true
            fi;
            rank()
        :: else -> skip
        fi;
        forget(t);
        t = 0; r = 0
      }
    od
}

/* What must hold in every state. */
#define ONE_LIVE (!(LIVE(0) && LIVE(1)))
#define ONE_USE (!(registered[0] && !voided[0] && !conflict[0] && registered[1] && !voided[1] && !conflict[1]))
#define SOMEBODY (!(conflict[0] && conflict[1]))
#define NEVER_LOST(t) (!(confirmed[t] && !has_commit[t]) && !(commit_taken[t] && !registered[t]))
#define USED_BY_A_SALE (slot == NOBODY || (has_commit[slot] && registered[slot] && !voided[slot]))
#define BACK_ONCE (given_back[0] <= 1 && given_back[1] <= 1)
#define NOTHING_KEPT(t) (!(finished[t] && reservation == t))
/* A commit whose grant lived is in conflict only behind another whose grant is older. */
#define GRANT_STANDS(t) (!(conflict[t] && commit_grant[t] != NO_NUMBER && \
                         !(commit_grant[1 - t] != NO_NUMBER && commit_grant[1 - t] < commit_grant[t])))

#define SAFE (ONE_LIVE && ONE_USE && SOMEBODY && NEVER_LOST(0) && NEVER_LOST(1) && USED_BY_A_SALE && BACK_ONCE && \
              NOTHING_KEPT(0) && NOTHING_KEPT(1) && GRANT_STANDS(0) && GRANT_STANDS(1))

/* Can move only where something does not hold. */
proctype Monitor() {
    atomic { !SAFE -> assert(SAFE) }
}

init {
    atomic {
        run Monitor();
        run Till(0);
        run Till(1);
        run Authority()
    }
}
