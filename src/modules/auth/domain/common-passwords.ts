/**
 * The passwords of 8 characters and more that are guessed first, in lower case: written down for this project
 * from what every published ranking of leaked passwords has in common (digits in a row, keyboard walks, names,
 * teams, seasons with a year). A longer list can be put in its place; only the words matter, not their order.
 */
export const COMMON_PASSWORDS: ReadonlySet<string> = new Set(
  `
  !@#$%^&* !@#$%^&*( !@#$%^&*() !qaz2wsx !qaz@wsx 01011980 01011990 01012000 01234567 0123456789 09876543
  098765432 0987654321 10101010 101010101 110110110 11223344 1122334455 112233445566 12121212 12131415
  123!@#qwe 123123123 12341234 12344321 1234512345 123454321 12345678 123456781 123456789 1234567890
  1234567890q 1234567891 12345678910 1234567891011 1234567892 123456789a 123456789q 12345678a 12345679
  1234567a 1234567q 123456987 123456aa 123456abc 123456as 123456asd 123456qwe 123456qwerty 12345abc
  12345qwe 12345qwert 1234abcd 1234asdf 1234qwer 1234qwerasdf 123698745 123abc123 123qwe123 123qweasd
  123qweasdzxc 13131313 14141414 147147147 147258369 1472583690 147852369 159159159 159357456 159753456
  19841984 19851985 19861986 19871987 19881988 19891989 19901990 19911991 19921992 1a2b3c4d 1q2w3e4r
  1q2w3e4r5t 1q2w3e4r5t6y 1qaz!qaz 1qaz2wsx 1qaz2wsx3edc 1qaz@wsx 1qazxsw2 1qwerty1 20202020 21212121
  23232323 25252525 258258258 2wsx3edc 31415926 314159265 321654987 369369369 420420420 42424242 45454545
  456456456 456789123 50505050 5201314520 5201314a 69696969 741852963 78787878 789456123 789789789
  87654321 963852741 987456321 987654321 9876543210 99887766 a1234567 a12345678 a123456789 a1234567890
  a1b2c3d4 a1s2d3f4 a5201314 aa123456 aa12345678 aa123456789 aaa123456 aaaaaaaa1 abc!@#123 abc12345
  abc123456 abc123456789 abc123abc abcabc123 abcd1234 abcd12345 abcd123456 abcde123 abcdef12 abcdefg1
  abcdefgh abcdefghi abracadabra admin123 admin123! admin1234 admin12345 admin123456 admin2020 admin2021
  admin2022 admin2023 admin2024 admin2025 admin888 admin@123 admin@1234 adminadmin administrator
  administrator1 adminpass adminpassword alejandra alejandro alexander alexander1 alexandra alexandra1
  alohomora america1 american1 andrew123 android1 angel123 angelica angelina angels123 anthony1 anthony123
  apple123 april123 aquarius arsenal1 arsenal123 asd12345 asd123456 asdasd123 asdasdasd asdf1234 asdfasdf
  asdfghjk asdfghjkl asdfghjkl123 asdfjkl; asdfqwer asdzxc123 ashley123 asshole1 asshole123 august12
  august123 austin123 autumn123 autumn2019 autumn2019! autumn2020 autumn2020! autumn2021 autumn2021!
  autumn2022 autumn2022! autumn2023 autumn2023! autumn2024 autumn2024! autumn2025 autumn2025! autumn2026
  autumn2026! azerty12 azerty123 azerty1234 azertyuiop baby1234 babybaby babyboy1 babygirl babygirl1
  babygirl12 babygirl123 backstreet bailey123 banana123 barcelona barcelona1 baseball baseball1
  baseball123 basketball basketball1 batman12 batman123 bayern123 beautiful beautiful1 benfica1 benjamin
  benjamin1 bienvenido bigboy123 bigdaddy biggirl1 birthday birthday1 bitch123 blahblah blahblah1 blessed1
  blink182 blueberry bond0070 bonjour1 brandon1 brandon123 brittany brittany1 broncos1 budweiser bullshit
  business business1 buster123 butterfly butterfly1 callofduty canada123 cannabis capricorn capricorn1
  carolina caroline casino123 catherine celtic1888 change123 changeit changeit1 changeitnow changeme
  changeme! changeme1 changeme123 charlie1 charlie12 charlie123 charlotte charlotte1 cheesecake chelsea1
  chelsea123 cherry123 chevrolet chevy123 chocolat chocolate chocolate1 chocolate123 chris123 christina
  christine christmas christmas1 christopher cinnamon cisco123 cisco1234 cocacola cocacola1 coffee123
  college1 columbia company1 company123 computer computer1 computer123 contrasena contrasena1 contraseña
  cookie123 cookies1 corona123 correcthorsebatterystaple corvette counterstrike courtney courtney1
  cowboy123 cowboys1 cowboys123 cupcake1 daniel123 daniela1 danielle danielle1 database database1 david123
  december december1 december25 default1 defaultpassword dennis123 diamond1 diamond123 diamonds discovery
  dollar123 dolphin1 dolphin123 dolphins dominique donald123 doudou123 dragon12 dragon123 dragon1234
  dragonball dragonball1 drowssap drowssap1 drummer1 eagles123 elizabeth elizabeth1 eminem123 england1
  enterprise eric1234 estrella facebook facebook1 facebook123 faithful february february1 fernando
  ferrari1 ferrari123 firewall fishing1 fishing123 flower123 flowers1 football football1 football12
  football123 football99 fortnite fortnite1 fortnite123 francesco francisco frederick freedom1 freedom123
  friday123 friday13 fucker123 fuckoff1 fuckyou! fuckyou1 fuckyou123 fuckyou2 fussball gabriel1 gabriela
  gabrielle galaxy123 gandalf1 garfield geheim123 gemini123 george123 ginger123 gladiator gmail123
  godbless godisgood godislove golden123 goldfish goodbye1 goodluck goodmorning google123 google1234
  gorgeous greenday greenday1 guest123 guest1234 guestguest guitar123 hallo123 hallo1234 hallohallo
  halloween halloween1 hannah123 happiness happy123 happyday happyness harley123 harleydavidson
  harrypotter harrypotter1 heaven123 heineken hello123 hello1234 hello12345 hello@123 hellohello
  hellokitty hellokitty1 helloworld hockey123 hogwarts honda123 hotmail1 hotmama1 hunter12 hunter123
  hunting1 ichliebedich ilovegod iloveher ilovehim ilovejesus iloveme1 ilovemom iloveyou iloveyou!
  iloveyou1 iloveyou12 iloveyou123 iloveyou2 iloveyou3 iloveyou520 imsorry1 instagram internet internet1
  internet123 iphone123 ironman1 isabella isabella1 jackdaniels jackpot1 jackson1 james007 james123
  jamesbond jamesbond007 january1 jasmine1 jasmine123 jennifer jennifer1 jessica1 jessica123 jesus123
  jesus777 jesuschrist jesuslovesme john1234 johnjohn johnny123 jonathan jordan123 jordan23 joseph123
  joshua12 joshua123 july1234 june1234 justin123 juventus kawasaki killer12 killer123 kimberly kimberly1
  kristina lakers123 lakers24 lamborghini lawrence leagueoflegends leonardo letmein! letmein1 letmein12
  letmein123 letmein1234 letmeinnow letmeinplease li123456 liberty1 lieblich linkedin1 linkinpark
  linkinpark1 linux123 liverpool liverpool1 liverpool123 lkjhgfdsa login123 loginlogin london123
  lordoftherings love1234 love12345 lovelove lovely123 loveme123 loverboy lovergirl loveyou1 loveyou2
  lucky123 lucky1234 lucky777 madison1 madison123 maggie123 manager1 manager123 manchester manutd123
  march123 margaret marie123 marijuana marina123 mariposa marlboro marlboro1 marseille martin123 martina1
  master12 master123 master1234 masterkey matrix123 matthew1 matthew123 max12345 melissa1 melissa123
  mercedes mercedes1 metallica metallica1 michael1 michael123 michelle michelle1 mickey123 mickeymouse
  microsoft midnight midnight1 minecraft minecraft1 minecraft123 minnie123 mnbvcxz1 mohammed molly123
  monday123 money123 moneyman monkey12 monkey123 monkey1234 moonlight moonlight1 motdepasse motherfucker
  motorola muhammad mustang1 mustang123 mylove123 mypass123 mypassword mypassword1 myspace1 myspace123
  mysql123 naruto123 natalie1 nathalie nathan123 neo12345 network1 newpass1 newpassword nicholas nicholas1
  nicole12 nicole123 nihaoma123 ninja123 ninjaninja nintendo nirvana1 nokia123 nopasswd nopassword
  november november1 november11 october1 october10 october31 office123 oldpassword opensesame oracle123
  orange123 p@$$w0rd p@$$word p@ssw0rd p@ssw0rd! p@ssw0rd1 p@ssw0rd123 p@ssword p@ssword1 p@ssword123
  pa$$w0rd pa$$word pa55w0rd pa55word packers1 panther1 panthers pass1234 pass12345 pass123456 pass@123
  pass@1234 pass@word passe123 passpass passport passw0rd passw0rd! passw0rd1 passw0rd123 password
  password! password. password0 password00 password01 password1 password1! password10 password11
  password12 password12! password123 password123! password1234 password12345 password123456 password13
  password2 password2010 password2011 password2012 password2013 password2014 password2015 password2016
  password2017 password2018 password2019 password2020 password2021 password2022 password2023 password2024
  password2025 password2026 password21 password22 password3 password321 password4 password5 password6
  password69 password7 password77 password8 password88 password9 password99 password? passwordpassword
  passwords passwort passwort1 passwort123 patricia patricia1 patrick1 patrick123 patriots patriots1
  peanut123 pepper123 pepsi123 phoenix1 phoenix123 pikachu1 pineapple platinum playboy1 playboy123
  playstation playstation1 poiuytrewq pokemon1 pokemon123 popcorn1 porsche1 porsche911 postgres postgres1
  predator princesa princesa1 princess princess1 princess12 princess123 private1 private123 pumpkin1
  pumpkin123 q1234567 q123456789 q1w2e3r4 q1w2e3r4t5 q1w2e3r4t5y6 qaz12345 qazwsx123 qazwsxedc qwe!@#123
  qwe12345 qwe123qwe qweasd123 qweasdzxc qweqweqwe qwer1234 qwerqwer qwert123 qwert1234 qwert12345
  qwerty!@ qwerty01 qwerty11 qwerty12 qwerty123 qwerty1234 qwerty12345 qwerty123456 qwerty2020 qwerty99
  qwertyqwerty qwertyui qwertyuiop qwertyuiop123 raiders1 rainbow1 rainbow123 rangers1 raspberry
  raspberrypi realmadrid rebecca1 rebecca123 redsox04 richard1 richard123 robert123 roblox123 rocknroll
  rockstar rockstar1 rocky123 root1234 rootpass rootroot runescape s123456789 sagittarius samantha
  samantha1 samantha123 samsung1 samsung123 samurai1 saturday schalke04 schatzi1 school123 scooby123
  scoobydoo scorpio1 scorpion sebastian secret12 secret123 secret1234 secretpassword security security1
  september september1 server123 service1 service123 sexy1234 sexygirl sexylady shadow12 shadow123
  shadow1234 silver123 skateboard skater123 slipknot slipknot1 smile123 snoopy123 soccer12 soccer123
  softball soleil123 spartan1 spartan117 spiderman spiderman1 spongebob spongebob1 spring123 spring2019
  spring2019! spring2020 spring2020! spring2021 spring2021! spring2022 spring2022! spring2023 spring2023!
  spring2024 spring2024! spring2025 spring2025! spring2026 spring2026! stargate starlight startrek
  startrek1 starwars starwars1 starwars123 steelers steelers1 stephanie stephanie1 stephen1 strawberry
  student1 student123 summer01 summer12 summer123 summer2019 summer2019! summer2020 summer2020! summer2021
  summer2021! summer2022 summer2022! summer2023 summer2023! summer2024 summer2024! summer2025 summer2025!
  summer2026 summer2026! summer99 sunday123 sunflower sunflower1 sunshine sunshine1 sunshine123 superman
  superman1 superman123 supersecret superuser support1 support123 surfing1 suzuki123 sweetheart
  sweetheart1 sweetie1 swimming swordfish swordfish1 system123 teacher1 teacher123 teamo123 teamomucho
  temp1234 temporary temppass temppassword tequiero tequieromucho tequila1 terminator test1234 test12345
  test123456 test@123 tester123 testing1 testing123 testpass testpassword testtest testtest1
  thisismypassword thomas123 thursday1 tigger12 tigger123 toor1234 topsecret toyota123 trustno1 trustnoone
  tuesday1 twilight twilight1 twitter1 ubuntu123 unicorn1 unicorn123 universe university user1234 username
  username1 useruser valentin valentina valentine valentine1 vampire1 vanilla1 veronica veronica1 victoria
  victoria1 vincent1 virginia volleyball w123456789 wang1234 warcraft warrior1 warriors watermelon
  wednesday weed4200 welcome01 welcome1 welcome1! welcome12 welcome123 welcome123! welcome1234 welcome2
  welcome2020 welcome2021 welcome2022 welcome2023 welcome2024 welcome2025 welcome2026 welcome@1
  welcome@123 welcomeback whatever whatever1 whatever123 whiskey1 william1 william123 windows1 windows10
  windows123 windows7 winter12 winter123 winter2019 winter2019! winter2020 winter2020! winter2021
  winter2021! winter2022 winter2022! winter2023 winter2023! winter2024 winter2024! winter2025 winter2025!
  winter2026 winter2026! woaini123 woaini1314 woaini520 work1234 worldofwarcraft wsxedcrfv x123456789
  xboxlive yahoo123 yamaha123 yankees1 yankees123 youtube1 youtube123 z123456789 zachary1 zaq12wsx
  zaq1xsw2 zaq1zaq1 zhang123 zombie123 zxc12345 zxcvasdf zxcvbn123 zxcvbnm, zxcvbnm1 zxcvbnm123
  zxcvbnmasdfghjkl zxcvzxcv zxczxczxc
`
    .trim()
    .split(/\s+/),
);
