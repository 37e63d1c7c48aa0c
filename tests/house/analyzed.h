/*
 * Forced into each file that is analysed, and into nothing that is built: an analyser sees one file at a
 * time, and would think that err_set and err_code, which return the code that they are given, may return 0
 * for a fault.
 */
#ifndef HOUSE_ANALYZED_H
#define HOUSE_ANALYZED_H

#include "base/code.h"

#define err_set(e, code, ...) ((void)(err_set)((e), (code), __VA_ARGS__), (code))
#define err_code(e, code)     ((void)(err_code)((e), (code)), (code))

#endif
