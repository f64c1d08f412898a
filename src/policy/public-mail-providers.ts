/**
 * Domains at which the public has mailboxes. An entry for one of them is nearly always a mistake that would swallow or
 * open the mail of strangers, so it needs `confirm: true` (relay-policy §2.1, guards). Collected for this project by
 * hand; exact names, no patterns.
 */
const names = `
gmail.com googlemail.com
outlook.com outlook.de outlook.fr outlook.it outlook.es outlook.jp outlook.com.br outlook.com.au outlook.at outlook.be
hotmail.com hotmail.de hotmail.fr hotmail.it hotmail.es hotmail.co.uk hotmail.nl hotmail.se hotmail.be hotmail.ch hotmail.com.br
live.com live.de live.fr live.it live.nl live.co.uk live.se live.be live.ca live.com.au live.at live.jp msn.com passport.com
yahoo.com yahoo.de yahoo.fr yahoo.it yahoo.es yahoo.co.uk yahoo.co.jp yahoo.co.in yahoo.in yahoo.com.br yahoo.com.ar yahoo.com.mx
yahoo.com.au yahoo.ca yahoo.com.ph yahoo.com.sg yahoo.com.vn yahoo.co.id yahoo.gr yahoo.ie yahoo.se yahoo.pl ymail.com rocketmail.com myyahoo.com
aol.com aol.de aol.fr aol.co.uk aol.it aim.com netscape.net verizon.net
icloud.com me.com mac.com
gmx.com gmx.net gmx.de gmx.at gmx.ch gmx.fr gmx.us gmx.co.uk mail.com email.com usa.com web.de 1und1.de
t-online.de magenta.de freenet.de arcor.de vodafone.de vodafonemail.de posteo.de posteo.net mailbox.org tutanota.com tutanota.de tutamail.com tuta.io tuta.com
proton.me protonmail.com protonmail.ch pm.me fastmail.com fastmail.fm hushmail.com runbox.com startmail.com zoho.com zohomail.com zohomail.eu hey.com disroot.org riseup.net
mail.ru inbox.ru list.ru bk.ru internet.ru rambler.ru yandex.ru yandex.com yandex.by yandex.kz ya.ru ukr.net i.ua meta.ua
wp.pl o2.pl onet.pl op.pl interia.pl gazeta.pl seznam.cz email.cz centrum.cz post.cz azet.sk zoznam.sk freemail.hu citromail.hu abv.bg mail.bg
orange.fr wanadoo.fr free.fr sfr.fr laposte.net neuf.fr bbox.fr numericable.fr alice.fr
libero.it virgilio.it tiscali.it alice.it tin.it tim.it inwind.it iol.it aruba.it poste.it fastwebnet.it
telefonica.net terra.es terra.com.br uol.com.br bol.com.br ig.com.br globo.com globomail.com zipmail.com.br sapo.pt iol.pt
btinternet.com btopenworld.com sky.com virginmedia.com ntlworld.com blueyonder.co.uk talktalk.net tiscali.co.uk plusnet.com o2.co.uk
ziggo.nl kpnmail.nl planet.nl home.nl xs4all.nl hetnet.nl telenet.be skynet.be proximus.be bluewin.ch hispeed.ch sunrise.ch chello.at aon.at a1.net
telia.com bredband.net comhem.se spray.se online.no tele2.se elisanet.fi kolumbus.fi luukku.com mail.dk tdcadsl.dk stofanet.dk
comcast.net att.net sbcglobal.net bellsouth.net cox.net charter.net spectrum.net earthlink.net juno.com netzero.net optonline.net frontier.com windstream.net centurylink.net roadrunner.com rr.com
shaw.ca rogers.com sympatico.ca bell.net telus.net videotron.ca bigpond.com bigpond.net.au optusnet.com.au tpg.com.au iinet.net.au xtra.co.nz
qq.com foxmail.com 163.com 126.com yeah.net sina.com sina.cn sohu.com 139.com 189.cn wo.cn aliyun.com 21cn.com tom.com
naver.com hanmail.net daum.net kakao.com nate.com docomo.ne.jp ezweb.ne.jp softbank.ne.jp i.softbank.jp nifty.com biglobe.ne.jp ocn.ne.jp so-net.ne.jp
rediffmail.com indiatimes.com sify.com walla.com walla.co.il bezeqint.net hotmail.co.il mynet.com superonline.com otenet.gr in.gr
webmail.co.za mweb.co.za vodamail.co.za telkomsa.net
mailinator.com guerrillamail.com yopmail.com 10minutemail.com trashmail.com
duck.com simplelogin.com addy.io relay.firefox.com privaterelay.appleid.com
`;

const providers: ReadonlySet<string> = new Set(names.trim().split(/\s+/));

/** Whether the public has mailboxes at exactly this domain (lower-case A-labels). */
export function isPublicMailProvider(domain: string): boolean {
  return providers.has(domain);
}
