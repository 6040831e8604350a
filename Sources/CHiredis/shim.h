#ifndef TRIBUTARY_CHIREDIS_H
#define TRIBUTARY_CHIREDIS_H

#include <hiredis/hiredis.h>
#include <hiredis/read.h>

#endif
