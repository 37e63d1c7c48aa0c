#!/bin/bash
# The sale inside a JVM, by JNA of Debian's libjna-java, and Java's own cryptography beside it.
. "$SOURCE/tests/hosts/guest/host.sh"
jna=/usr/share/java/jna.jar
command -v javac >/dev/null && command -v java >/dev/null || skip "no javac; packaging/install-deps test installs it"
[ -f $jna ] || skip "no $jna; packaging/install-deps test installs libjna-java"

mkdir classes
javac -Xlint:all -Werror -encoding UTF-8 -cp $jna -d classes "$here"/java/*.java || fail "javac"
for program in Sale Own; do
    rm -rf shop coffee.json
    host_shop
    host_sale "java $program" java -Xss512k -Dfile.encoding=UTF-8 -cp "$jna:classes" $program "$PLUGIN" shop "$coupon"
done
echo "sold in: $(java -version 2>&1 | head -n 1)"
