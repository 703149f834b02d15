//! What espeak-ng says: a paragraph a language, written for this purpose.

/// espeak-ng's name of the language, and the text.
pub const TEXTS: [(&str, &str); 14] = [
    (
        "en-gb",
        "Every morning the old harbour wakes before the town does. The first boats come in while it is still dark, \
         and the men who stand on the quay speak quietly, as if the water could hear them. Somebody has made coffee. \
         Somebody else tells a story about a storm that lasted three days and took the roof from the church. Nobody \
         believes all of it, yet everyone listens. Then the sun comes up behind the cranes, the gulls begin to shout, \
         and the market opens its doors. By nine o'clock there is nothing left but ice, wet stone and a smell of salt. \
         If you ask them why they still do it, they will shrug and say that the sea pays badly but never asks questions.",
    ),
    (
        "en-us",
        "Before we begin, please check that your headphones are connected and that the volume is set to a comfortable \
         level. In this chapter we talk about listening. Most people think that listening is something that just \
         happens, like breathing. It is not. When two people speak at once, you choose one of them, and your brain \
         pushes the other into the background. A machine cannot do that so easily. It hears everything: the fan, the \
         traffic, the radio next door. So we teach it with examples, thousands of them, and hope that it learns what \
         matters. Are you ready? Good. Press the button, count to three, and tell me exactly what you hear.",
    ),
    (
        "de",
        "Im Spätsommer fuhr der letzte Zug des Tages kurz nach zehn. Wer ihn verpasste, musste am Bahnhof warten, bis \
         die Bäckerei um halb fünf das Licht anmachte. Ich habe dort manche Nacht verbracht, auf der Bank unter der \
         Uhr, mit einem Buch und einer Jacke, die zu dünn war. Man lernt dabei viel über die Stille. Sie ist nie ganz \
         leer. Irgendwo tropft Wasser, ein Hund bellt, zwei Betrunkene streiten über Fußball. Und gegen vier Uhr, \
         wenn man schon nicht mehr daran glaubt, hört man die ersten Vögel. Der Bäcker sagte immer denselben Satz: \
         Heute schon oder gestern noch? Dann gab er mir ein Brötchen, das so heiß war, dass ich es kaum halten konnte.",
    ),
    (
        "fr",
        "Ma grand-mère gardait ses lettres dans une boîte en fer, au-dessus de l'armoire. Le dimanche, quand il \
         pleuvait, elle nous permettait de l'ouvrir. Il y avait là des cartes postales, des factures, une mèche de \
         cheveux, et surtout les longues pages que son frère lui écrivait du port où il travaillait. Elle les lisait à \
         voix haute, lentement, en changeant parfois un mot qui ne lui plaisait pas. Nous écoutions sans bouger. Je me \
         souviens du bruit de la pluie sur les vitres et de l'odeur du café. Aujourd'hui la boîte est chez moi. Je ne \
         l'ouvre presque jamais, mais je sais exactement dans quel ordre les lettres sont rangées.",
    ),
    (
        "es",
        "El mercado de mi barrio abre a las siete, pero los que saben llegan antes. A esa hora los vendedores todavía \
         hablan entre ellos, ordenan las naranjas, discuten el precio del pescado y se ríen de cualquier cosa. Mi \
         padre conocía a todos por su nombre. Compraba poco y preguntaba mucho: de dónde viene este queso, cuándo \
         llegan los higos, quién hizo este pan. Yo me aburría y contaba los azulejos del suelo. Ahora que él ya no \
         está, voy yo los sábados, y me sorprendo haciendo las mismas preguntas. La mujer de la fruta me mira, sonríe \
         y dice que tengo su misma voz. Entonces compro un kilo más de lo que necesito.",
    ),
    (
        "it",
        "La biblioteca del paese stava al primo piano, sopra l'ufficio postale, e per arrivarci bisognava salire una \
         scala di legno che scricchiolava a ogni passo. La signora che se ne occupava sapeva chi entrava senza alzare \
         gli occhi. Diceva che ognuno ha il suo modo di camminare, proprio come ha il suo modo di parlare. D'inverno \
         c'era una stufa, e noi ragazzi venivamo più per il caldo che per i libri. Poi, un pomeriggio, mi diede un \
         volume rosso e mi disse soltanto: prova questo. Lo lessi in due giorni. Quando lo riportai non mi chiese se mi \
         era piaciuto. Me ne mise in mano un altro, più grosso, e tornò al suo registro.",
    ),
    (
        "pt-br",
        "Quando a luz acaba na nossa rua, as pessoas saem para a calçada. No começo todos reclamam, depois alguém traz \
         uma cadeira, outro traz uma garrafa de água, e em pouco tempo parece uma festa. As crianças correm no escuro \
         e inventam fantasmas. Os velhos contam como era antes, quando não havia luz nenhuma e o céu tinha mais \
         estrelas. Meu vizinho conserta rádios e guarda sempre uma pilha nova, de modo que sabemos as notícias antes \
         de todo mundo. Às vezes a energia volta às nove, às vezes só de madrugada. E quando volta, há sempre um \
         instante de silêncio, como se ninguém soubesse muito bem para onde ir.",
    ),
    (
        "nl",
        "Op de dijk waait het altijd, ook als het weerbericht zegt dat het windstil is. Mijn buurman fietst er elke \
         ochtend overheen naar zijn werk, veertien kilometer heen en veertien kilometer terug. Hij zegt dat hij daar \
         het beste kan nadenken. Soms neemt hij een klein apparaat mee waarin hij zijn gedachten uitspreekt, en 's \
         avonds luistert hij ernaar. Meestal hoort hij alleen de wind. Toch bewaart hij alles, keurig met datum en \
         tijd, in een kast op zolder. Later, zegt hij, als ik oud ben, ga ik alles terugluisteren. Dan weet ik \
         precies hoe hard het in mijn leven heeft gewaaid, en of ik eigenlijk wel iets te zeggen had.",
    ),
    (
        "sv",
        "Huset vid sjön hade stått tomt i åtta år när vi köpte det. Taket läckte, trappan var rutten och i köket bodde \
         en familj möss. Alla sa att vi var tokiga. Vi började med fönstren, för att få in ljuset, och fortsatte sedan \
         rum för rum. På kvällarna satt vi på verandan och planerade nästa dag. Man hörde lommen långt ute på vattnet, \
         och ibland en motorbåt som kom hem sent. Det tog tre somrar. När allt var klart bjöd vi in dem som hade \
         skrattat. De gick omkring, knackade på väggarna och sa ingenting på en lång stund. Till slut frågade någon om \
         vi kunde tänka oss att hjälpa till med deras hus också.",
    ),
    (
        "pl",
        "Na naszym podwórku rosła kiedyś ogromna lipa. Latem pachniała tak mocno, że zamykano okna, a pszczoły było \
         słychać nawet w mieszkaniu na trzecim piętrze. Pod drzewem stała ławka, na której od rana siedzieli \
         emeryci. Rozmawiali o pogodzie, o polityce i o tym, kto z kim się pokłócił. Wiedzieli wszystko. Kiedy \
         wracałem ze szkoły, pytali mnie o oceny, a ja zawsze mówiłem, że jest dobrze. Potem przyszła burza i złamała \
         lipę na pół. Następnego dnia przyjechali ludzie z piłami. Ławka została, ale nikt już na niej nie siada. \
         Mówią, że bez cienia nie ma o czym rozmawiać.",
    ),
    (
        "ru",
        "Зимой до нашей деревни можно было доехать только на санях. Дед запрягал лошадь ещё затемно, клал в сани сено \
         и старый тулуп, и мы отправлялись на станцию встречать гостей. Дорога шла через лес. Дед почти всё время \
         молчал, а потом вдруг начинал рассказывать, и остановить его было уже нельзя. Он говорил о войне, о реке, о \
         том, как однажды заблудился и вышел на огонёк. Я слушал и смотрел на звёзды. Когда поезд наконец приходил, \
         на платформе становилось шумно, все смеялись и обнимались. А на обратном пути гости засыпали, и мы снова \
         ехали в полной тишине.",
    ),
    (
        "cs",
        "Dědeček opravoval hodiny a v jeho dílně jich tikalo tolik, že se tam nedalo mluvit potichu. Říkal, že každé \
         hodiny mají svou povahu. Jedny spěchají, druhé se loudají, a jen málokteré jdou přesně. Když k němu někdo \
         přišel, nejdřív ho nechal chvíli stát a poslouchat. Potom se zeptal, co je trápí. Lidé si mysleli, že mluví o \
         hodinách, ale on mluvil o nich. V sobotu večer je všechny natáhl a v neděli ráno začaly jedny po druhých \
         odbíjet. Trvalo to skoro čtvrt hodiny. Babička si zacpávala uši a děda se smál. Dnes mám doma jenom jedny a \
         pořád čekám, kdy se přidají ty ostatní.",
    ),
    (
        "fi",
        "Mökille pääsee vain veneellä, ja siksi sinne pitää pakata kaikki mukaan: ruoka, vesi, polttoaine ja hyvä \
         kirja. Isä soutaa, koska hän ei luota moottoriin, ja äiti istuu perässä ja neuvoo. Matka kestää puoli tuntia. \
         Perillä on hiljaista, mutta ei koskaan aivan hiljaista. Tuuli liikuttaa koivuja, kala hyppää rannassa, ja \
         illalla kuuluu kaukaa junan ääni. Lapset juoksevat heti uimaan. Me muut kannamme tavarat sisään, sytytämme \
         tulen ja puhumme siitä, mitä pitäisi korjata ensi kesänä. Mitään ei koskaan korjata. Silti mökki seisoo, ja \
         joka vuosi me sanomme samat sanat samassa järjestyksessä.",
    ),
    (
        "tr",
        "Mahallemizin köşesinde küçük bir çay ocağı vardı. Sahibi sabah ezanından önce gelir, semaveri yakar ve \
         gazeteleri masalara dağıtırdı. Herkesin yeri belliydi. Emekli öğretmen pencerenin yanında oturur, yüksek sesle \
         haberleri okur, ötekiler de itiraz ederdi. Ben o zamanlar çıraktım ve dükkânlara çay taşırdım. Tepsiyi \
         dökmeden yürümeyi öğrenmem üç ayımı aldı. Şimdi orada bir telefoncu var. Geçen gün önünden geçerken durdum ve \
         içeri baktım. Kimse konuşmuyordu, herkes elindeki ekrana bakıyordu. Yine de bir an için kaşıkların bardaklara \
         vuran sesini duyar gibi oldum.",
    ),
];
