# Hides Perl modules that other packages (amavisd-new) bring along and that change what SpamAssassin answers, so that
# the original is the same program on every machine: as Debian's spamassassin installs it.
# Usage: BEGIN { require FindBin; require "$FindBin::RealBin/../without_optional.pl" }
use strict;
use warnings;
my %hidden = map { $_ => 1 } qw(Net/Patricia.pm Net/CIDR/Lite.pm);
unshift @INC, sub { die "$_[1] is hidden\n" if $hidden{$_[1]}; return };
1;
